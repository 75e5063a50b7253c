"""The restore lease on a real machine: shut until the operator pastes, and again when he says so or time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.lease import restored

if TYPE_CHECKING:
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

EXPIRED = 'sed -i \'s/expiry-time="[0-9]*"/expiry-time="202001010000"/\' /root/.ssh/authorized_keys'


def paste(machine: Machine, text: str, step: str) -> None:
    """Paste the lines of a numbered step of the text into a shell of that machine."""
    _, _, rest = text.partition(f"\n{step}. ")
    lines = rest.split("\n\n")[1]
    machine.exec("sh", "-euc", "\n".join(line.strip() for line in lines.splitlines()))


def test_nothing_is_written_until_the_key_is_let_in_and_nothing_after(shared: Shared) -> None:
    appliance, machine = shared.appliance, shared.machine("trixie")
    machine.exec("sh", "-c", "mkdir -p /srv/leased; echo x > /srv/leased/file")
    appliance.add_client("leased", machine, "--path", "/srv/leased")
    assert appliance.run("leased").returncode == 0
    words = ("--way", "numeric", "--to")

    shut = restored(appliance, "leased", *words, "/srv/back-1", code=3)
    assert "borgpull client setup leased --restore" in " ".join((shut.stdout + shut.stderr).split())
    last = appliance.last_run("leased")
    assert (last["operation"], last["reason"]) == ("restore", "restore_key")

    text = appliance.borgpull("client", "setup", "leased", "--restore").stdout
    # A shell in another time zone than the system's, to which sshd holds.
    machine.exec("sh", "-c", "true")
    paste(machine, text, "1")
    restored(appliance, "leased", *words, "/srv/back-2")
    assert machine.exec("cat", "/srv/back-2/srv/leased/file").stdout == "x\n"

    machine.exec("sh", "-c", EXPIRED)
    restored(appliance, "leased", *words, "/srv/back-3", code=3)
    assert appliance.last_run("leased")["reason"] == "restore_key"

    paste(machine, text, "3")
    assert "borgpull-restore-leased" not in machine.exec("cat", "/root/.ssh/authorized_keys").stdout
    folders = [f"/srv/back-{number}" for number in (1, 2, 3)]
    assert machine.exec("ls", "-d", *folders, check=False).stdout.split() == ["/srv/back-2"]
    machine.exec("rm", "-rf", "/srv/back-2", "/srv/leased")
