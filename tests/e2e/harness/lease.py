"""The restore lease as an operator of the machine opens and closes it, and restores that write there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.engine import Completed
    from tests.e2e.harness.machine import Machine


def open_lease(appliance: ApplianceUnderTest, client: str, machine: Machine, *options: str) -> None:
    """Let the client's restore key in on that machine; `options` are those of `client setup --restore`."""
    machine.authorize(appliance.borgpull("client", "setup", client, "--restore", "--key-line", *options).stdout)


def close_lease(client: str, machine: Machine) -> None:
    """Shut it out again, as the text of `client setup --restore` says."""
    machine.exec("sh", "-c", f'sed -i "/ borgpull-restore-{client}\\$/d" "$AUTHORIZED_KEYS"')


def restored(appliance: ApplianceUnderTest, client: str, *words: str, code: int = 0) -> Completed:
    """Restore the newest archive with these words, and insist on the exit code."""
    done = appliance.borgpull("restore", client, "latest", *words, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done
