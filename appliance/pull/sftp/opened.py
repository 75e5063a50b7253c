"""SFTP to a client, by its own ssh: opened for as long as a block lasts, and every end of it told as a Failure."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.pull import execute
from appliance.pull.failure import Failure, restore_key_is_shut_out
from appliance.pull.sftp.session import HungUp, Session
from appliance.pull.ssh_config import CLIENT, ssh_config
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.ends import Ends

_SAID = Path(places.SCRATCH) / "sftp.said"
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(places.SCRATCH)}
_LONGEST_SAID = 300


@contextmanager
def sftp(plan: RunPlan, ends: Ends) -> Iterator[Session]:
    """Log in and greet; raises Failure, also where the connection breaks within the block."""
    Path(places.SSH_CONFIG).write_text(ssh_config(plan), "utf-8")
    argv = ("ssh", "-F", str(places.SSH_CONFIG), "-s", CLIENT, "sftp")
    with _SAID.open("wb") as said:
        process = execute.start(argv, _ENVIRONMENT, stdin=execute.PIPE, stdout=execute.PIPE, stderr=said)
    assert process.stdin is not None  # noqa: S101 - both were asked for
    assert process.stdout is not None  # noqa: S101
    try:
        session = Session(ends.control, out=process.stdout.fileno(), into=process.stdin.fileno())
        session.greet()
        yield session
    except HungUp as error:
        execute.end(process, grace_seconds=5)
        raise _broken(plan) from error
    finally:
        execute.end(process, grace_seconds=2)


def _broken(plan: RunPlan) -> Failure:
    said = " ".join(_SAID.read_text("utf-8", "replace").split())
    shown = "".join(one if one.isprintable() else "?" for one in said)[:_LONGEST_SAID]
    if "Permission denied (" in said:
        return Failure(Reason.RESTORE_KEY, restore_key_is_shut_out(plan.machine, plan.host, plan.user))
    return Failure(
        Reason.CONNECTION_LOST,
        f"The connection to {plan.host} broke in the middle of the restore (ssh says: {shown or 'nothing'}). What has "
        "its name there is whole, and the rest is missing; the same command with --resume goes on.",
    )
