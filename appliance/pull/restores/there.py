"""The folder that a restore goes into, seen and made by the client's own shell; and what stands in it already."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from appliance.pull.failure import Failure
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.control import Control
    from appliance.record import RestoreOrder

_LINE = re.compile(r"^borgpull:([a-z0-9.-]+)=(.*)$", re.MULTILINE)
_SECONDS = 120
# What a script prints is kept in bounds, so many answers of some bytes are sure to be all there.
_PATHS_A_SCRIPT = 2000
_KINDS = {"l": "link", "d": "folder", "f": "other"}

# A folder is safe where nobody but root and the one who writes can put a link, or another folder, in its place:
# `ls -ldn` is all that every client has to tell that (busybox may lack `stat`).
_PREPARE = """
say() {{ printf 'borgpull:%s=%s\\n' "$1" "$2"; }}
stop() {{ say "$1" "$2"; say done yes; exit 0; }}
me=$(id -u)
say uid "$me"
say tar "$(tar --version 2>&1 | head -n 1)"
is_safe() {{
    set -- $(LC_ALL=C ls -ldn "$1" | head -n 1)
    [ "$3" = 0 ] || [ "$3" = "$me" ] || return 1
    case "$1" in d?????w*|d???????w*) case "$1" in d????????[tT]*) return 0 ;; *) return 1 ;; esac ;; esac
}}
{choose}
say done yes
"""
_IN_PLACE = """
root=$(cd {target} 2>/dev/null && pwd -P) || stop missing {target}
say root "$root"
"""
_FRESH = """
parent=$(cd {parent} 2>/dev/null && pwd -P) || stop missing {parent}
above=$parent
while :; do
    is_safe "$above" || stop unsafe "$above"
    [ "$above" = / ] && break
    above=$(dirname "$above")
done
root="${{parent%/}}"/{name}
say root "$root"
{make}
"""
_LOOK_ONLY = ""
_MAKE = """
if [ -L "$root" ]; then stop link "$root"; fi
if [ -d "$root" ]; then
    is_safe "$root" || stop unsafe "$root"
    {empty}
    set -- $(LC_ALL=C ls -ldn "$root" | head -n 1)
    chmod 700 "$root" || stop foreign "$root"
    say mode "$1"
elif [ -e "$root" ]; then stop no-folder "$root"
else
    why=$(mkdir -m 700 "$root" 2>&1) || stop not-made "$why"
    say made yes
fi
"""
_EMPTY = '[ -z "$(ls -A "$root" | head -n 1)" ] || stop filled "$root"'
_LOOKS = """
cd {root} || exit 1
l() {{ if [ -L "$2" ]; then k=l; elif [ -d "$2" ]; then k=d; elif [ -e "$2" ]; then k=f; else return 0; fi
printf 'borgpull:%s=%s\\n' "$1" "$k"; }}
{lines}
printf 'borgpull:done=yes\\n'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where it goes on the client. `mode` is what the folder had before it was closed to others, "" where it was not.

    `tar` is what the client's tar says of itself, `is_root` whether who logs in can give files away.
    """

    root: str
    tar: str = ""
    is_root: bool = True
    mode: str = ""
    made: bool = False

    @property
    def is_gnu(self) -> bool:
        """Whether GNU tar unpacks there, which goes on where it cannot do one thing."""
        return "GNU tar" in self.tar


def prepare(control: Control, plan: RunPlan, order: RestoreOrder) -> Ground:
    """Find or make the folder; in a preview only find it. Raises Failure."""
    finished = control.run(_PREPARE.format(choose=_choose(order)), timeout_seconds=_SECONDS)
    said = dict(reversed(_LINE.findall(finished.stdout)))
    if "done" not in said:
        why = " ".join((finished.stderr or finished.stdout).split())[-200:] or "it said nothing"
        raise Failure(Reason.RESTORE_KEY, _NO_COMMANDS.format(plan.machine, order.way, why))
    for kind, sentence in _REFUSALS.items():
        if kind in said:
            raise Failure(Reason.TARGET, sentence.format(said[kind][:200], plan.machine))
    return Ground(
        root=said.get("root", ""),
        tar=said.get("tar", ""),
        is_root=said.get("uid") == "0",
        mode=_octal(said.get("mode", "")),
        made=said.get("made") == "yes",
    )


def give_back(control: Control, ground: Ground) -> None:
    """Let those in again who could come in before; a folder that was made for nothing goes."""
    root = shlex.quote(ground.root)
    if ground.mode:
        control.run(f"chmod {ground.mode} {root}\n", timeout_seconds=_SECONDS)
    elif ground.made:
        # It goes only while it is empty.
        control.run(f"rmdir {root} 2>/dev/null\n", timeout_seconds=_SECONDS)


def standing(control: Control, plan: RunPlan, ground: Ground, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield those of the paths below the folder that stand there: the path, and link, folder or other. Raises Failure.

    A link in the middle of a path is followed by the look, so look at every folder above as well.
    """
    left = iter(paths)
    while some := tuple(islice(left, _PATHS_A_SCRIPT)):
        lines = "\n".join(f"l {number} {shlex.quote(f'./{path}')}" for number, path in enumerate(some))
        script = _LOOKS.format(root=shlex.quote(ground.root), lines=lines)
        finished = control.run(script, timeout_seconds=_SECONDS)
        found = _LINE.findall(finished.stdout)
        if ("done", "yes") not in found:
            raise Failure(Reason.CONNECTION_LOST, f"{plan.machine} did not say what stands in {ground.root}.")
        for number, kind in found:
            if number.isdigit() and int(number) < len(some) and kind in _KINDS:
                yield some[int(number)], _KINDS[kind]


def _choose(order: RestoreOrder) -> str:
    if order.in_place:
        return _IN_PLACE.format(target=shlex.quote(order.target or "/"))
    parent, _, name = order.target.rstrip("/").rpartition("/")
    make = _MAKE.format(empty="" if order.resume else _EMPTY)
    return _FRESH.format(
        parent=shlex.quote(parent or "/"), name=shlex.quote(name), make=_LOOK_ONLY if order.preview else make
    )


def _octal(shown: str) -> str:
    """Turn `drwxr-xr-x` into 755; "" for what is no such thing."""
    bits = shown[1:10]
    if not re.fullmatch(r"(?:[r-][w-][xsStT-]){3}", bits):
        return ""
    digits = [
        4 * (part[0] == "r") + 2 * (part[1] == "w") + (part[2] in "xst") for part in (bits[:3], bits[3:6], bits[6:])
    ]
    special = 4 * (bits[2] in "sS") + 2 * (bits[5] in "sS") + (bits[8] in "tT")
    return "".join(str(digit) for digit in (special, *digits))


_NO_COMMANDS = (
    "The restore key may run no command on {0}, which way {1} needs ({2}). `borgpull client setup {0} --restore --way "
    "{1}` prints the line for its authorized_keys."
)
_REFUSALS = {
    "missing": "{0} is not there on {1}; choose another folder with --to.",
    "unsafe": (
        "Others than root can write in {0} on {1}, and could lead the restore astray by a link in it. Choose a folder "
        "with --to above which only root can write, then move what was restored."
    ),
    "link": "{0} on {1} is a link; name the real folder, or a new one, with --to.",
    "filled": (
        "{0} on {1} is not empty. Name a folder that is not there yet; or --in-place to write over what is there, or "
        "--resume to go on with a restore that was cut off."
    ),
    "foreign": (
        "{0} on {1} belongs to somebody else and cannot be closed to others meanwhile; name a new folder with --to."
    ),
    "no-folder": "{0} on {1} is no folder; name another one with --to.",
    "not-made": "The folder cannot be made on {1} ({0}). May its user write there?",
}
