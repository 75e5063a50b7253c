"""What the gateway decides: which ports are open, whose session ends, and what its sshd allows."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from appliance.gateway import kernel
from appliance.gateway.admitted import Admitted, by_port, to_end, unchanged
from appliance.gateway.idle import GRACE_SECONDS, Idle
from appliance.gateway.main import report
from appliance.gateway.sshd import sshd_config
from appliance.plan.tunnel_report import TunnelReport
from appliance.plan.tunnels import Tunnel, admission
from tests.tunnels import KEY

if TYPE_CHECKING:
    from pathlib import Path

_TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:55F1 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 496110 1 0 100 0 0 10 0
   1: 00000000:07E6 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 480982 1 0 100 0 0 10 0
   2: 0D0011AC:07E6 010011AC:9AD4 01 00000000:00000000 02:000AFBB4 00000000  1000        0 497123 2 0 20 4 16 21 -1
   3: 0100007F:55F1 0100007F:9AD4 01 00000000:00000000 02:000AFBB4 00000000  1000        0 497124 2 0 20 4 16 21 -1
"""
# A tunnel: listens on the loopback until its input ends.
_LISTENER = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""


def lines(*ports: int) -> str:
    return "".join(f"{admission(Tunnel(client=str(port), port=port, key=KEY))}\n" for port in ports)


def test_only_what_listens_on_the_loopback_is_a_tunnel() -> None:
    assert kernel.loopback_listeners(_TABLE) == {496110: 22001}


def test_own_listening_sockets_are_found_with_port_and_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        inodes = {inode for inode, found in kernel.listeners().items() if found == port}

        assert len(inodes) == 1
        assert inodes <= kernel.sockets(os.getpid())
    assert port not in kernel.listeners().values()


def test_a_process_that_is_gone_holds_nothing() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    assert kernel.sockets(gone.pid) == set()


def test_lines_are_known_by_the_port_they_open() -> None:
    assert sorted(by_port(lines(22001, 22002))) == [22001, 22002]
    assert by_port("# nothing\n") == {}


def test_only_a_line_that_goes_or_changes_ends_sessions() -> None:
    before = by_port(lines(22001, 22002))

    assert unchanged(before, by_port(lines(22001, 22002, 22003))) is None
    assert unchanged(before, by_port(lines(22002))) == frozenset({22002})
    assert unchanged(before, before | {22001: "another key"}) == frozenset({22002})
    assert unchanged({}, before) is None


def test_sessions_without_a_port_that_stays_are_ended_with_all_their_processes() -> None:
    families = [[10, 11], [20, 21], [30, 31]]
    ports = {100: 22001, 200: 22002}
    held = {11: {100, 5}, 21: {200}, 31: {7}}

    assert to_end(families, ports, held, frozenset({22002})) == [10, 11, 30, 31]
    assert to_end(families, ports, held, frozenset()) == [10, 11, 20, 21, 30, 31]


def test_a_key_that_is_removed_ends_its_session_and_no_other(tmp_path: Path) -> None:
    sessions = [
        subprocess.Popen([sys.executable, "-c", _LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    try:
        assert all(session.stdout for session in sessions)
        ports = [int(session.stdout.readline()) for session in sessions if session.stdout]
        file = tmp_path / "authorized_keys"
        file.write_text(lines(*ports))
        admitted = Admitted(os.getpid(), file)
        admitted.enforce()
        assert [session.poll() for session in sessions] == [None, None]

        file.write_text(lines(ports[1]))
        admitted.enforce()

        assert sessions[0].wait(10) == -signal.SIGTERM
        assert sessions[1].poll() is None
    finally:
        for session in sessions:
            session.kill()
            session.communicate()


def test_a_session_that_opens_no_port_is_over_after_a_while() -> None:
    quiet = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    tunnel = subprocess.Popen([sys.executable, "-c", _LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert tunnel.stdout
        tunnel.stdout.readline()
        idle = Idle(os.getpid())

        assert quiet.pid not in idle.overdue(100.0)
        assert quiet.pid not in idle.overdue(100.0 + GRACE_SECONDS)
        overdue = idle.overdue(101.0 + GRACE_SECONDS)

        assert quiet.pid in overdue
        assert tunnel.pid not in overdue
    finally:
        for session in (quiet, tunnel):
            session.kill()
            session.communicate()


def test_a_door_that_is_not_there_lets_nobody_in(tmp_path: Path) -> None:
    Admitted(os.getpid(), tmp_path / "authorized_keys").enforce()


def test_the_report_can_be_read_by_the_supervisor(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        report(tmp_path / "tunnels.json")

        found = TunnelReport.from_json((tmp_path / "tunnels.json").read_text())
        assert found is not None
        assert server.getsockname()[1] in found.ports
    assert list(tmp_path.iterdir()) == [tmp_path / "tunnels.json"]


def test_sshd_allows_remote_forwarding_of_ports_and_nothing_else() -> None:
    options = dict(line.split(" ", 1) for line in sshd_config().splitlines())

    assert options["AllowTcpForwarding"] == "remote"
    assert options["AuthenticationMethods"] == "publickey"
    assert options["MaxSessions"] == "0"
    assert options["PermitOpen"] == "none"
    for name in (
        "PasswordAuthentication", "KbdInteractiveAuthentication", "UsePAM", "GatewayPorts", "PermitTTY", "PermitTunnel",
        "AllowStreamLocalForwarding", "AllowAgentForwarding", "X11Forwarding", "PermitUserRC", "PermitUserEnvironment",
    ):  # fmt: skip
        assert options[name] == "no", name
