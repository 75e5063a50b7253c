"""A client that dials in: what `client setup` prints for its side, and what `status`, `plan` and `trust` say of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from appliance.cli.present_tunnel import WayIn, known_hosts_line, tunnel_command, unit_text
from appliance.config.logins import Endpoint
from tests.cli_world import CliWorld
from tests.tunnels import KEY

if TYPE_CHECKING:
    from pathlib import Path

DIAL_IN = """
[appliance]
gateway = "nas.lan:2222"

[clients.laptop]
host = "localhost"
reach = "dial-in"
paths = ["/"]

[clients.web1]
host = "web1.lan"
paths = ["/"]
"""


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path, DIAL_IN)


def way(**more: object) -> WayIn:
    given = {
        "client": "laptop",
        "sshd": Endpoint("localhost", 22),
        "gateway": Endpoint("nas.lan", 2222),
        "port": 22001,
        "host_key": KEY,
    }
    return WayIn(**(given | more))  # type: ignore[arg-type]


def test_setup_prints_everything_for_the_machine_that_dials_in(world: CliWorld) -> None:
    shown = world.run("client", "setup", "laptop")

    assert shown.code == 0
    text = " ".join(shown.out.split())
    assert "ssh-keygen -q -t ed25519 -N '' -C borgpull-tunnel-laptop -f /etc/borgpull/tunnel-laptop" in text
    assert f"[nas.lan]:2222 {world.tunnels.host_key()}" in text
    assert "-R localhost:22001:localhost:22 borgpull@nas.lan" in text
    assert "borgpull client setup laptop --tunnel-key 'ssh-ed25519 AAAA…'" in text
    assert "systemctl enable --now borgpull-tunnel-laptop.service" in text
    assert "while :; do ssh " in text


def test_the_keys_fingerprint_is_shown_once_it_is_let_in(world: CliWorld) -> None:
    shown = world.run("client", "setup", "laptop", "--tunnel-key", f"{KEY} me@laptop")

    assert shown.code == 0
    assert "Its key is known here (SHA256:" in shown.out
    assert world.tunnels.known["laptop"].key == KEY
    assert world.run("client", "setup", "laptop").out == shown.out


def test_parts_can_be_printed_alone(world: CliWorld) -> None:
    command = world.run("client", "setup", "laptop", "--tunnel-command").out
    unit = world.run("client", "setup", "laptop", "--unit").out
    host_key = world.run("client", "setup", "laptop", "--gateway-key").out

    assert command.startswith("ssh -N -T ")
    assert command.count("\n") == 1
    assert unit.startswith("[Unit]\n")
    assert host_key == f"[nas.lan]:2222 {world.tunnels.host_key()}\n"


@pytest.mark.parametrize("option", ["--tunnel-command", "--unit", "--gateway-key"])
def test_a_client_that_does_not_dial_in_has_no_tunnel(world: CliWorld, option: str) -> None:
    shown = world.run("client", "setup", "web1", option)

    assert shown.code == 2
    assert "does not dial in, so it has no tunnel" in shown.err
    assert world.tunnels.known == {}


def test_a_tunnel_key_for_who_does_not_dial_in_is_refused(world: CliWorld) -> None:
    shown = world.run("client", "setup", "web1", "--tunnel-key", KEY)

    assert shown.code == 2
    assert 'web1 does not dial in; only reach = "dial-in" has a tunnel' in shown.err


def test_what_is_no_key_is_refused_in_a_sentence(world: CliWorld) -> None:
    shown = world.run("client", "setup", "laptop", "--tunnel-key", f'command="id" {KEY}')

    assert shown.code == 2
    assert "--tunnel-key is no public key" in shown.err


def test_the_command_is_pinned_and_ends_when_it_cannot_forward() -> None:
    command = tunnel_command(way())

    for option in (
        "StrictHostKeyChecking=yes",
        "UserKnownHostsFile=/etc/borgpull/tunnel-laptop.known_hosts",
        "ExitOnForwardFailure=yes",
        "ServerAliveInterval=15",
        "BatchMode=yes",
    ):
        assert f"-o {option}" in command
    assert re.search(r" -p 2222 .* -R localhost:22001:localhost:22 borgpull@nas\.lan$", command)


def test_addresses_of_every_kind_are_written_as_ssh_reads_them() -> None:
    six = way(gateway=Endpoint("fd00::1", 22), sshd=Endpoint("fd00::2", 2022))

    assert known_hosts_line(six) == f"fd00::1 {KEY}"
    assert "-R localhost:22001:[fd00::2]:2022 borgpull@fd00::1" in tunnel_command(six)


def test_the_unit_restarts_for_ever_and_holds_no_rights() -> None:
    lines = unit_text(way()).splitlines()

    assert f"ExecStart={tunnel_command(way(), '/usr/bin/ssh')}" in lines
    for line in ("Restart=always", "RestartSec=10", "StartLimitIntervalSec=0", "CapabilityBoundingSet="):
        assert line in lines


def test_status_says_how_each_tunnel_is(world: CliWorld) -> None:
    world.journal.set_fact("tunnels", json.dumps({"laptop": "down"}))
    world.journal.set_fact("waiting", json.dumps({"laptop": "The tunnel of laptop is not up."}))

    laptop, web1 = world.run("status", "--json").data

    assert (laptop["tunnel"], web1["tunnel"]) == ("down", None)
    assert laptop["message"] == "The tunnel of laptop is not up."
    table = world.run("status").out
    assert "never (tunnel down)" in table
    assert "never (tunnel up)" not in table


def test_without_a_supervisor_nothing_is_known_of_tunnels(world: CliWorld) -> None:
    world.journal.set_fact("tunnels", json.dumps({"laptop": "up"}))
    world.journal.set_fact("heartbeat", "2020-01-01T00:00:00+00:00")

    (laptop,) = world.run("status", "laptop", "--json").data

    assert laptop["tunnel"] is None


def test_a_gateway_in_trouble_is_said_first(world: CliWorld) -> None:
    world.journal.set_fact("gateway", "port 2222 of the Docker host is taken")

    assert "! Nobody can dial in: port 2222 of the Docker host is taken" in world.run("status").out


def test_plan_says_that_the_tunnel_is_not_up_and_where_a_run_would_connect(world: CliWorld) -> None:
    world.tunnels.register("laptop")
    world.journal.set_fact("tunnels", json.dumps({"laptop": "down"}))

    shown = world.run("plan", "laptop", "--json").data

    assert (shown["plan"]["host"], shown["plan"]["port"]) == ("127.0.0.1", 22001)


def test_a_host_key_is_not_looked_for_without_a_tunnel(world: CliWorld) -> None:
    world.journal.set_fact("tunnels", json.dumps({"laptop": "down"}))

    shown = world.run("client", "trust", "laptop", "--yes")

    assert shown.code == 3
    assert "The tunnel of laptop is not up" in shown.err
    assert world.engine.started == []


def test_a_host_key_is_seen_through_the_tunnel(world: CliWorld) -> None:
    world.tunnels.register("laptop")
    world.journal.set_fact("tunnels", json.dumps({"laptop": "up"}))
    world.answer({"type": "ssh-ed25519", "key": KEY.split()[1]})

    shown = world.run("client", "trust", "laptop", "--yes")

    assert shown.code == 0, shown.err
    assert [spec.network for spec in world.engine.started] == ["container:borgpull-gateway"]


def test_add_says_what_has_to_run_on_the_other_side(world: CliWorld) -> None:
    shown = world.run("client", "add", "cabin", "--host", "localhost", "--reach", "dial-in", "--path", "/")

    assert shown.code == 0, shown.err
    assert "borgpull-tunnel-cabin.service" in shown.out
    assert world.tunnels.known["cabin"].port == 22001
