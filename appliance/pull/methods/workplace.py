"""What a run finds and makes on a client on which Borg itself runs: its tools, and one private folder."""

from __future__ import annotations

import re
import secrets
import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from appliance.borg import versions
from appliance.plan import places
from appliance.plan.fidelity import PARENT
from appliance.plan.operations import FIDELITY
from appliance.pull import clocks
from appliance.pull.failure import Failure
from appliance.pull.fidelity.script import sweep_script
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.control import Control

_LINE = re.compile(r"^borgpull:([a-z0-9.-]+)=(.*)$", re.MULTILINE)
_PREPARE_SECONDS = 60
_FOLDER = re.compile(r"/[a-zA-Z0-9/._-]{1,100}")
_TOOLS = ("socat", "nc", "python3", "perl", "ssh")
# Homes of odd names or great length are no place for a socket: its path has 107 bytes, and ssh's file no quoting.
_PLAIN_BASE = "a-zA-Z0-9/._-"
_LONGEST_BASE = 60
_PREPARE = """
umask 077
say() {{ printf 'borgpull:%s=%s\\n' "$1" "$2"; }}
PATH="$PATH:/usr/local/bin:/usr/bin:/bin:/opt/bin"
say path "$PATH"
base="${{XDG_CACHE_HOME:-${{HOME:-/nonexistent}}/.cache}}/borgpull"
mkdir -p "$base/run" || {{ say failed "cannot make $base"; exit 0; }}
chmod 700 "$base" "$base/run"
say base "$base"
rm -rf "$base/run/{tag}."*
{old_trees}
find /tmp -maxdepth 1 -user "$(id -u)" -name 'borgpull.{tag}.*' -exec rm -rf '{{}}' +
case "$base" in
    *[!{plain}]*) folder=$(mktemp -d /tmp/borgpull.{tag}.XXXXXXXX) ;;
    *) if [ "${{#base}}" -gt {longest} ]; then folder=$(mktemp -d /tmp/borgpull.{tag}.XXXXXXXX)
       else folder="$base/run/{tag}.{random}"; mkdir "$folder"; fi ;;
esac || {{ say failed "cannot make a private folder"; exit 0; }}
say folder "$folder"
say borg "$(borg --version 2>&1 | tail -n 1)"
say ssh-version "$(ssh -V 2>&1 | head -n 1)"
for tool in {tools}; do command -v "$tool" >/dev/null 2>&1 && say "has.$tool" yes; done
nc -h 2>&1 | grep -q -e '-U' && say has.nc-unix yes
nc -h 2>&1 | grep -q -e '-N' && say has.nc-half-close yes
perl -MIO::Socket::UNIX -e 1 2>/dev/null && say has.perl-unix yes
{looks}
say now "$(date -u +%s)"
say done yes
"""
_LOOK = """
say() { printf 'borgpull:%s=%s\\n' "$1" "$2"; }
look() {
    if [ -L "$2" ]; then say "seen.$1" "link $(readlink "$2" | tr '\\n' '?')"
    elif [ ! -e "$2" ]; then say "seen.$1" missing
    elif [ ! -d "$2" ]; then say "seen.$1" filled
    elif [ ! -r "$2" ] || [ ! -x "$2" ]; then say "seen.$1" unreadable
    elif [ -n "$(ls -A "$2" 2>/dev/null | head -n 1)" ]; then say "seen.$1" filled
    else say "seen.$1" empty; fi
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """The client as a run found it. `folder` is this run's own there, `base` holds Borg's cache for good.

    `apart` is how far its clock is ahead of ours, None where it did not say. `seen` says of each path of the plan:
    filled, empty, missing, unreadable, or `link TARGET`.
    """

    folder: str
    base: str
    path: str
    borg: str
    ssh: str
    tools: frozenset[str]
    seen: Mapping[str, str] = field(default_factory=dict)
    apart: timedelta | None = None

    @property
    def facts(self) -> tuple[str, ...]:
        """What the operator wants to know of it."""
        return (f"Borg {self.borg} is there",)


def prepare(control: Control, plan: RunPlan) -> Workplace:
    """Look at the client and make the run's folder; what an earlier run of this client left goes. Raises Failure."""
    script = _PREPARE.format(
        tag=tag(plan),
        random=secrets.token_hex(6),
        tools=" ".join(_TOOLS),
        plain=_PLAIN_BASE,
        longest=_LONGEST_BASE,
        looks=_looks(plan),
        # The test tree of a card that was killed; but not of one that is being made.
        old_trees="" if plan.operation == FIDELITY else sweep_script(tag(plan), (PARENT,)),
    )
    finished = control.run(script, timeout_seconds=max(_PREPARE_SECONDS, plan.connection_timeout))
    said = said_of(finished.stdout)
    if "done" not in said:
        why = said.get("failed") or " ".join((finished.stderr or finished.stdout).split())[-200:] or "it said nothing"
        raise Failure(
            Reason.CLIENT_TOOLS,
            f"{plan.client} could not be prepared for method {plan.method} ({why}); the key must be allowed to run "
            f"commands: `borgpull client setup {plan.client}` prints its line.",
        )
    _insist_on_own_folder(plan, said)
    refusal = _why_not(plan, said.get("borg", ""))
    if refusal:
        _remove(control, said["folder"])
        raise refusal
    return Workplace(
        folder=said["folder"],
        # A repository that is thrown away leaves no cache behind either.
        base=f"{said['folder']}/base" if plan.operation == FIDELITY else said["base"],
        path=said["path"],
        borg=versions.read(said["borg"]) or "",
        ssh=said.get("ssh-version", ""),
        tools=frozenset(key.removeprefix("has.") for key in said if key.startswith("has.")),
        seen=_seen(plan, said),
        apart=clocks.apart_by_answer(said.get("now", "")),
    )


def said_of(text: str) -> dict[str, str]:
    """Read what the script printed; the first word counts, since what is found later may be a stranger's text."""
    return dict(reversed(_LINE.findall(text)))


def _insist_on_own_folder(plan: RunPlan, said: Mapping[str, str]) -> None:
    """Take no other folder than one that the script makes: it is removed by root, and stands in our ssh's file."""
    folder, own = said.get("folder", ""), f"{said.get('base', '')}/run/{tag(plan)}."
    is_ours = folder.startswith((own, f"/tmp/borgpull.{tag(plan)}."))  # noqa: S108 - made by mktemp -d
    if not is_ours or ".." in folder or not _FOLDER.fullmatch(folder) or "path" not in said:
        raise Failure(Reason.CLIENT_TOOLS, f"{plan.client} offers {folder[:80]!r} as the run's folder; it is not used.")


def look_again(control: Control, plan: RunPlan, workplace: Workplace) -> Workplace:
    """Look at the paths once more; raises Failure."""
    finished = control.run(_looks(plan), timeout_seconds=max(_PREPARE_SECONDS, plan.connection_timeout))
    return replace(workplace, seen=_seen(plan, said_of(finished.stdout)))


def _looks(plan: RunPlan) -> str:
    return _LOOK + "".join(f"look {number} {shlex.quote(path)}\n" for number, path in enumerate(plan.paths))


def _seen(plan: RunPlan, said: Mapping[str, str]) -> dict[str, str]:
    return {path: said.get(f"seen.{number}", "missing").removesuffix("?") for number, path in enumerate(plan.paths)}


def put_files(control: Control, workplace: Workplace, files: Mapping[str, str]) -> None:
    """Write files into the run's folder, readable by the pulled user alone; raises Failure."""
    lines = [f"cd {shlex.quote(workplace.folder)} && umask 077 || exit 1"]
    for name, text in files.items():
        lines.append(f"printf '%s' {shlex.quote(text)} > {shlex.quote(name)} || exit 1")
    finished = control.run("\n".join([*lines, "echo borgpull:done=yes", ""]), timeout_seconds=_PREPARE_SECONDS)
    if "borgpull:done=yes" not in finished.stdout:
        why = " ".join(finished.stderr.split())[-200:] or f"exit {finished.code}"
        raise Failure(Reason.CLIENT_TOOLS, f"Nothing can be written to {workplace.folder} on the client ({why}).")


def clear(control: Control, workplace: Workplace) -> None:
    """Remove the run's folder, and with it whatever socket or key is in it."""
    _remove(control, workplace.folder)


def _remove(control: Control, folder: str) -> None:
    control.run(f"rm -rf {shlex.quote(folder)}\n", timeout_seconds=_PREPARE_SECONDS)


def tag(plan: RunPlan) -> str:
    """Name what belongs to this client of this appliance, so that nothing of another is ever swept away."""
    return places.client_tag(plan.appliance_id, plan.client)


def _why_not(plan: RunPlan, said: str) -> Failure | None:
    """Say why the client's Borg cannot be used; `said` is what it says of its version."""
    found = versions.read(said)
    if found is None:
        return Failure(
            Reason.CLIENT_TOOLS,
            f"There is no Borg on {plan.client} for user {plan.user} ({said[:80] or 'nothing was said'}); install "
            f'borgbackup 1.2 or 1.4 there, or use method = "sshfs", which needs none.',
        )
    refusal = versions.why_not(found)
    return Failure(Reason.CLIENT_BORG, f"{plan.client} has Borg {found}: {refusal}") if refusal else None
