"""The client forwards no port, or another user of it finds the one that is forwarded: nothing is lost or left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import wait_for
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.on_client import assert_client_is_clean
from tests.e2e.harness.pulling import Pulling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

_FORBID = "echo '{}' > /etc/ssh/sshd_config.d/a.conf; pkill -HUP -o sshd"
_NO_SSH = "chmod 644 /usr/bin/ssh"
# The bracket keeps the search from finding itself.
_BORG = "[b]org .*create"
# What a user of the client may try: a key of her own, each user there is, and all that ssh can ask for.
_ATTACK = """
cd; rm -rf mine; mkdir mine; ssh-keygen -q -t ed25519 -N '' -f mine/key
for user in borgpull root alice; do for more in '' '-N -L 9999:localhost:2222' '-N -R 9998:localhost:22' '-tt'; do
    ssh -F none -p "$1" -i mine/key -o UserKnownHostsFile=mine/hosts -o StrictHostKeyChecking=accept-new \
        -o ExitOnForwardFailure=yes -o ConnectTimeout=20 $more $user@localhost id </dev/null
    echo "code $?"
done; done 2>&1
rm -rf mine
"""
_USERS, _WAYS = 3, 4
_FIND_AND_ATTACK = """
import subprocess, sys
rows = [line.split() for name in ("tcp", "tcp6") for line in open(f"/proc/net/{name}")]
ports = {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A"}
(port,) = ports - {int(one) for one in sys.argv[1].split(",")}
subprocess.run(["su", "alice", "-c", sys.argv[2], "sh", str(port)])
"""
_STEAL = 'cd /root/.cache/borgpull/run/* && ssh -F "$PWD/config" borgpull borg serve --append-only 2>&1 </dev/null'


def add(appliance: ApplianceUnderTest, client: str, machine: Machine) -> None:
    appliance.add_client(client, machine, "--path", "/srv/tree/odd", "--method", "remote-forward")


@pytest.mark.parametrize(
    ("name", "change", "reason", "sentence"),
    [
        ("no-ports", _FORBID.format("AllowTcpForwarding no"), "forwarding", "forwards no port to us"),
        ("other-ports", _FORBID.format("PermitListen 127.0.0.1:1"), "forwarding", "forwards no port to us"),
        ("no-ssh", _NO_SSH, "client_tools", "needs OpenSSH's client"),
    ],
)
def test_what_is_missing_is_named(
    shared: Shared, start_machine: StartMachine, name: str, change: str, reason: str, sentence: str
) -> None:
    appliance, machine, client = shared.appliance, start_machine("trixie"), f"forward-{name}"
    add(appliance, client, machine)
    machine.exec("sh", "-c", change)

    run = appliance.run(client)

    last = appliance.last_run(client)
    assert (run.returncode, last["reason"]) == (3, reason), last
    assert sentence in last["message"], last
    assert appliance.archives(client) == []
    assert_nothing_is_left(appliance, client, machine)
    assert_client_is_clean(machine)


@pytest.fixture(scope="module")
def pushing(lab: Lab, shared_appliance: ApplianceUnderTest, shared_machine: Machine) -> Iterator[Pulling]:
    found = Pulling.set_up(shared_appliance, shared_machine, "--method", "remote-forward")
    yield found
    lab.sweep(f"{found.proxy.host}$")


def said_meanwhile(pushing: Pulling, *words: str) -> str:
    """Run a command on the client while Borg there is in the middle of a pull that then ends well: what it said."""
    machine, said = pushing.machine, []

    def look() -> None:
        machine.exec("pkill", "-STOP", "-f", _BORG)
        pushing.proxy.tell("calm")
        try:
            said.append(machine.exec(*words, check=False).stdout)
        finally:
            machine.exec("pkill", "-CONT", "-f", _BORG)

    seen = pushing.watched(look)
    assert seen.returncode == 0, seen.stdout + seen.stderr
    pushing.assert_nothing_is_left()
    assert_client_is_clean(machine)
    return said[0]


def test_another_user_of_the_client_who_finds_the_port_gets_nowhere(pushing: Pulling) -> None:
    machine = pushing.machine
    listening = machine.listening_ports()
    known = ",".join(str(port) for port in listening)

    said = said_meanwhile(pushing, "python3", "-c", _FIND_AND_ATTACK, known, _ATTACK)

    tries = said.count("code ")
    assert tries == _USERS * _WAYS, said
    assert said.count("code 255") == said.count("Permission denied (publickey)") == tries, said
    assert "uid=" not in said
    wait_for(lambda: machine.listening_ports() == listening, within=30, what="nobody listens there any more")


def test_with_the_stolen_key_nobody_gets_a_second_session(pushing: Pulling) -> None:
    # Root of the client can read the run's key. What it opens is one session, and Borg has had that.
    said = said_meanwhile(pushing, "sh", "-c", _STEAL)

    assert "this run has had its session" in said, said


def test_a_run_that_is_stopped_leaves_nothing_and_the_next_one_is_good(pushing: Pulling) -> None:
    seen = pushing.watched(lambda: pushing.appliance.borgpull("stop", pushing.client))

    pushing.assert_nothing_counts(seen, code=4, outcome="interrupted", reason="stopped", sentence="stopped")
    assert_client_is_clean(pushing.machine)
    pushing.assert_next_run_is_good()


def test_a_connection_that_is_cut_in_the_middle_keeps_nothing(pushing: Pulling) -> None:
    seen = pushing.watched(lambda: pushing.proxy.tell("cut"))

    pushing.assert_nothing_counts(seen, code=3, outcome="failed", reason="connection_lost", sentence="broke")
    pushing.assert_next_run_is_good()
    assert_client_is_clean(pushing.machine)
