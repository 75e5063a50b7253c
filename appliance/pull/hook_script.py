"""A hook as a script for the client's /bin/sh, and what came of it. The client itself keeps the time limit."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.pull.execute import Finished

GIVEN_UP = -9
CONNECTION_BROKE = -1
# From the polite signal to the one that cannot be refused, and from there until we ask no more.
_GRACE_SECONDS = 5
PATIENCE_SECONDS = 15
_LONGEST_LINE = 200
_END = re.compile(r"^borgpull:hook-ended=(\d+)$", re.MULTILINE)
_BEGAN = re.compile(r"^borgpull:hook-began=(-?\d+)$", re.MULTILINE)
# The command goes through the environment, which others on the client cannot read, and not through arguments, which
# they can. A session of its own, where `setsid` is there (util-linux, busybox), so that children are ended with it.
# No `--` after the signal: dash and busybox take it for a process.
# The limit is kept over there: it holds even when this server or the network is gone meanwhile.
_SCRIPT = """\
{exports}
PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export PATH BORGPULL_HOOK={command}
own= group=
command -v setsid >/dev/null 2>&1 && own=setsid group=-
$own /bin/sh -c 'hook=$BORGPULL_HOOK; unset BORGPULL_HOOK; eval "$hook"' </dev/null 2>&1 &
hook=$!
printf 'borgpull:hook-began=%s\\n' "$group$hook" >&2
$own /bin/sh -c 'sleep {seconds}; kill -TERM "$1"; sleep {grace}; kill -KILL "$1"' sh "$group$hook" \\
    </dev/null >/dev/null 2>&1 &
limit=$!
wait "$hook"
code=$?
kill -KILL "$group$limit" 2>/dev/null
# Ended by a signal: what it started may have refused that one.
[ "$code" -gt 128 ] && kill -KILL "$group$hook" 2>/dev/null
printf 'borgpull:hook-ended=%s\\n' "$code" >&2
exit "$code"
"""
_KILL = """\
kill -TERM {whom}
for second in {seconds}; do kill -0 {whom} 2>/dev/null || exit 0; sleep 1; done
kill -KILL {whom}
"""
_CAN_RUN = "printf 'borgpull:hook-ended=0\\n' >&2\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a hook ended. `code` is None where no shell on the client ever took the script."""

    code: int | None
    last_line: str


def hook_script(command: str, *, seconds: int, environment: Mapping[str, str]) -> str:
    """Return the script. What the hook prints comes on standard output, the proof of its end on standard error."""
    exports = "\n".join(f"export {key}={shlex.quote(value)}" for key, value in environment.items())
    return _SCRIPT.format(exports=exports, command=shlex.quote(command), seconds=seconds, grace=_GRACE_SECONDS)


def can_run_script() -> str:
    """Return a script that proves no more than that the key may run commands."""
    return _CAN_RUN


def kill_script(finished: Finished) -> str:
    """Return a script that ends a hook which we no longer wait for; "" where it never began."""
    began = _BEGAN.findall(finished.stderr)
    return _KILL.format(whom=began[0], seconds=" ".join("1" * _GRACE_SECONDS)) if began else ""


def ended(finished: Finished) -> Ended:
    """Read what came of the script.

    Only the proof counts: a key that is held to internal-sftp takes any script, and ends with a code of its own.
    """
    proof = _END.findall(finished.stderr)
    if proof:
        return Ended(code=int(proof[-1]), last_line=_last_line(finished.stdout))
    told = finished.code in (GIVEN_UP, CONNECTION_BROKE)
    return Ended(code=finished.code if told else None, last_line=_last_line(finished.stdout))


def _last_line(printed: str) -> str:
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    shown = lines[-1] if lines else ""
    return "".join(character if character.isprintable() else "?" for character in shown)[:_LONGEST_LINE]
