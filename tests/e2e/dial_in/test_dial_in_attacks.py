"""The promise: a tunnel's key opens its own port on the gateway's loopback, and nothing else whatsoever."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker

if TYPE_CHECKING:
    from tests.e2e.dial_in.conftest import Remote
    from tests.e2e.harness.dialling import Dialler

_STILL_OPEN = 124
# Reads what comes at the near end of a forwarding, as soon as that is open, and ends the ssh to which it belongs.
_ASK = """
until exec 3<>/dev/tcp/127.0.0.1/7001; do sleep 0.2; done 2>/dev/null
timeout 10 head -c 4 <&3
kill $!
"""


def free_its_port(dialler: Dialler) -> None:
    """End its tunnel, so that only sshd's rules decide who gets a port."""
    if dialler.state() == "up":
        dialler.hang_up()


def test_no_command_no_shell_no_terminal_and_no_subsystem_opens_at_the_gateway(remote: Remote) -> None:
    for tried in (("id",), ("/bin/sh",), ("-T",), ("-tt",), ("-s", "sftp")):
        done = remote.laptop.ssh(*tried)

        assert done.returncode not in (0, _STILL_OPEN), tried
        assert done.stdout == "", tried


def test_nothing_in_the_docker_network_can_be_reached_through_the_gateway(remote: Remote) -> None:
    network = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
    supervisor = docker("inspect", "--format", network, remote.appliance.supervisor).stdout.split()[0]
    for place in (f"{supervisor}:9187", "localhost:2022", "localhost:22001", "[::1]:2022"):
        done = remote.laptop.ssh(f"-W {place}")

        assert done.returncode not in (0, _STILL_OPEN), place
        assert "prohibited" in done.stderr, done.stderr


def test_a_local_forwarding_carries_nothing(remote: Remote) -> None:
    command = re.sub(r"-R \S+", "-L 7001:localhost:2022", remote.laptop.command)

    done = remote.laptop.machine.exec("timeout", "60", "bash", "-c", f"{command} & {_ASK}", check=False)

    assert "SSH" not in done.stdout
    assert "open failed" in done.stderr


def test_a_key_opens_no_port_but_its_own_and_none_for_everybody(remote: Remote) -> None:
    free_its_port(remote.laptop)
    free_its_port(remote.cabin)
    own, others = remote.laptop.port, remote.cabin.port
    assert own != others

    for place in (f"localhost:{others}", "localhost:0", f"0.0.0.0:{own}", f"*:{own}", f"[::]:{own}", "localhost:2022"):
        done = remote.laptop.ssh("-N", f"-R '{place}:localhost:22'")
        assert done.returncode == 255, f"{place}: {done.stderr}"
        assert "remote port forwarding failed" in done.stderr, place
    socket = remote.laptop.ssh("-N", "-R /tmp/taken:localhost:22")
    assert "forwarding failed" in socket.stderr

    # That it is refused elsewhere means something only because it is let in here.
    for dialler in (remote.laptop, remote.cabin):
        done = dialler.ssh("-N", "-v", f"-R localhost:{dialler.port}:localhost:22", seconds=30)
        assert "remote forward success" in done.stderr
        assert done.returncode == _STILL_OPEN
    remote.laptop.dial()
    remote.cabin.dial()


def test_one_key_cannot_be_let_in_for_two_clients(remote: Remote) -> None:
    key = remote.laptop.machine.exec("cat", "/etc/borgpull/tunnel-laptop.pub").stdout.strip()

    refused = remote.appliance.borgpull("client", "setup", "cabin", "--tunnel-key", key, check=False)

    assert refused.returncode == 2
    assert "is the tunnel key of laptop already" in refused.stderr


def test_the_gateway_has_no_rights_and_sees_no_client(remote: Remote) -> None:
    gateway = f"{remote.appliance.name}-gateway"

    status = docker("exec", gateway, "cat", "/proc/1/status").stdout
    mounts = docker("inspect", "--format", "{{range .Mounts}}{{.Destination}} {{end}}", gateway).stdout.split()
    user = docker("exec", gateway, "id", "-u").stdout.strip()
    files = docker("exec", gateway, "ls", "/.borgpull/door").stdout.split()

    assert user == "1000"
    assert re.search(r"^CapBnd:\s+0+$", status, re.MULTILINE)
    assert sorted(mounts) == ["/.borgpull/door", "/.borgpull/host_key", "/.borgpull/reports"]
    assert files == ["authorized_keys"]
