"""What a client's shell says of it, where the key may run commands; a key bound to SFTP answers nothing to it."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from appliance.borg import versions
from appliance.plan.offer import DOCKER_VOLUMES, PLACES, ROOTS_OWN, TOOLS, read_mounts
from appliance.pull.failure import Failure
from appliance.pull.look_words import LONGEST_WORD, MOST_VOLUMES, swap_files, system_of
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.pull.control import Control

_SHELL_SECONDS = 30
_DF_COLUMNS = 6
_LINE = re.compile(r"^borgpull:([a-z.-]+)=(.*)$", re.MULTILINE)
_SCRIPT = """
say() {{ printf 'borgpull:%s=%s\\n' "$1" "$2"; }}
say begin yes
sed 's/^/borgpull:mount=/' /proc/self/mounts 2>/dev/null
PATH="$PATH:/usr/local/bin:/usr/bin:/bin:/opt/bin:/usr/sbin:/sbin"
say uid "$(id -u)"
say home "$HOME"
grep '^PRETTY_NAME=' /etc/os-release 2>/dev/null | sed 's/^/borgpull:release=/'
say kernel "$(uname -s)"
say borg "$(borg --version 2>&1 | tail -n 1)"
for tool in {tools}; do command -v "$tool" >/dev/null 2>&1 && say tool "$tool"; done
nc -h 2>&1 | grep -q -e '-U' && say tool nc-unix
nc -h 2>&1 | grep -q -e '-N' && say tool nc-half-close
perl -MIO::Socket::UNIX -e 1 2>/dev/null && say tool perl-unix
for place in {places}; do [ -e "$place" ] && say place "$place"; done
[ -e {secret} ] && {{ [ -r {secret} ] && say reads yes || say reads no; }}
ls -1 {volumes} 2>/dev/null | head -n {most} | sed 's/^/borgpull:volume=/'
sed -n '2,$s/^/borgpull:swap=/p' /proc/swaps 2>/dev/null
say done yes
"""


def told(control: Control) -> dict[str, Any]:
    """Return what of an Offer the shell tells; raises Failure where the connection breaks."""
    script = _SCRIPT.format(
        tools=" ".join(TOOLS),
        places=" ".join(shlex.quote(place) for place in PLACES),
        secret=ROOTS_OWN,
        volumes=DOCKER_VOLUMES,
        most=MOST_VOLUMES,
    )
    try:
        finished = control.run(script, timeout_seconds=_SHELL_SECONDS)
    except Failure as failure:
        if failure.reason is not Reason.AUTH:
            raise
        return {"commands": False}
    said: dict[str, list[str]] = {}
    for key, value in _LINE.findall(finished.stdout):
        said.setdefault(key, []).append(value[:LONGEST_WORD])
    return _read(said) if "done" in said else {"commands": False}


def _read(said: dict[str, list[str]]) -> dict[str, Any]:
    first = {key: values[0] for key, values in said.items()}
    borg, uid = first.get("borg", ""), first.get("uid", "")
    return {
        "commands": True,
        "uid": int(uid) if uid.isascii() and uid.isdigit() else None,
        "home": first.get("home", ""),
        "system": system_of(first.get("release", "")) or first.get("kernel", ""),
        "borg": borg if versions.read(borg) else "",
        "borg_trouble": _borg_trouble(borg),
        "tools": frozenset(said.get("tool", ())),
        "present": frozenset(said.get("place", ())) & frozenset(PLACES),
        "reads_all": {"yes": True, "no": False}.get(first.get("reads", "")),
        "volumes": tuple(said.get("volume", ())),
        "swaps": swap_files(said.get("swap", ())),
        # What does not fit into what is kept of an answer is its beginning: half a list would look like a whole one.
        "mounts": read_mounts("\n".join(said.get("mount", ()))) if "begin" in said else (),
    }


def _borg_trouble(said: str) -> str:
    found = versions.read(said)
    if found is None:
        return "there is no Borg on it"
    refusal = versions.why_not(found)
    return f"Borg {found} is there: {refusal}" if refusal else ""


def sizes(control: Control, points: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return size and used bytes of each file system, as df has them; raises Failure where the connection breaks."""
    if not points:
        return {}
    script = f"df -P -k -- {' '.join(shlex.quote(point) for point in points)} 2>/dev/null\n"
    found = {}
    for line in control.run(script, timeout_seconds=_SHELL_SECONDS).stdout.splitlines()[1:]:
        columns = line.split(None, _DF_COLUMNS - 1)
        if len(columns) == _DF_COLUMNS and columns[1].isdigit() and columns[2].isdigit():
            found[columns[5]] = (int(columns[1]) * 1024, int(columns[2]) * 1024)
    return found
