"""The beginning of a file that is too large to be read whole: better than nothing of an archive of huge files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.plan.sample import LARGEST_FILE
from appliance.pull import execute, repository
from appliance.pull.failure import Failure
from appliance.pull.restores.listening import borg_running
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.borg.command import Command
    from appliance.plan.run_plan import RunPlan
    from appliance.plan.sample import Member

_CHUNK = 1 << 20


def read_beginning(
    plan: RunPlan, printing: Command, archive: str, member: Member, beat: Callable[[], object] = lambda: None
) -> int:
    """Let Borg print the file, and end it after LARGEST_FILE bytes; each was proven by the key before it came.

    `printing` is the command that prints it, `beat` is called now and then. Raises Failure.
    """
    count = 0
    with borg_running(printing, stdout=execute.PIPE) as process:
        while process.stdout and count < LARGEST_FILE and (chunk := process.stdout.read(_CHUNK)):
            count += len(chunk)
            beat()
        if process.stdout:
            # Else a Borg that is asked to end waits for somebody who reads the rest.
            process.stdout.close()
        if count >= LARGEST_FILE:
            return count
        stderr = (process.stderr.read() if process.stderr else b"").decode("utf-8", "replace")
        code = process.wait()
    if code != 0:
        raise repository.borg_failure(plan, code, stderr)
    raise Failure(
        Reason.INTEGRITY, f"{member.path} in {archive} has {member.size} bytes, and {count} of them could be read back."
    )
