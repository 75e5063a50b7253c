"""What a run whose Borg runs on the client must not leave there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.engine import wait_for

if TYPE_CHECKING:
    from tests.e2e.harness.machine import Machine

_FOLDERS = "ls -d /root/.cache/borgpull/run/* /tmp/borgpull.* 2>/dev/null || true"
# The bracket keeps the search from finding itself.
_PROCESSES = "pgrep -a -f '[b]org (--|create|serve)|borg[.]sock' || true"


def client_leftovers(machine: Machine) -> list[str]:
    """List what is left on the client: folders of runs (with their sockets and keys) and processes of Borg."""
    folders = machine.exec("sh", "-c", _FOLDERS).stdout.split()
    processes = machine.exec("sh", "-c", _PROCESSES).stdout.splitlines()
    return [*folders, *processes]


def assert_client_is_clean(machine: Machine, *, within: float = 60) -> None:
    """Fail unless all of it is gone within so many seconds."""
    last: list[str] = []

    def is_clean() -> bool:
        last[:] = client_leftovers(machine)
        return not last

    try:
        wait_for(is_clean, within=within, what="nothing is left on the client")
    except AssertionError:
        raise AssertionError(f"left behind on {machine.host}: {last}") from None
