"""Tunnels as values: ports, keys that may be let in, the line that lets them in, and the gateway's container."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from appliance.plan import places
from appliance.plan.container import container_spec
from appliance.plan.make import plan_run
from appliance.plan.tunnel_report import REPORT_LIMIT, TunnelReport, is_up
from appliance.plan.tunnels import (
    FIRST_PORT,
    Tunnel,
    admission,
    admissions,
    expected,
    free_port,
    gateway_spec,
    public_key,
)
from tests.house import NOON, house
from tests.tunnels import KEY, dialling


def test_the_lowest_free_port_is_given_and_each_only_once() -> None:
    assert free_port(()) == FIRST_PORT
    assert free_port((FIRST_PORT, FIRST_PORT + 2)) == FIRST_PORT + 1


def test_no_port_is_one_that_the_kernel_gives_out_by_itself() -> None:
    assert FIRST_PORT < 32000
    with pytest.raises(ValueError, match="every port"):
        free_port(range(FIRST_PORT, 32001))


@pytest.mark.parametrize("text", [KEY, f"{KEY} me@laptop", f"  {KEY}  a comment with words \n"])
def test_a_public_key_is_taken_without_its_comment(text: str) -> None:
    assert public_key(text) == KEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 ",
        "hello world",
        f'command="/bin/sh" {KEY}',
        f"permitopen=* {KEY}",
        "ssh-ed25519 not,base64",
        "ssh-ed25519 AAAA",
        KEY.replace("ssh-ed25519", "ssh-rsa"),
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        f"ssh-ed25519\n{KEY}",
    ],
)
def test_what_is_no_single_public_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no public key"):
        public_key(text)


def test_only_the_first_line_of_several_counts() -> None:
    assert "\n" not in public_key(f"{KEY} comment\nssh-rsa AAAA")


def test_a_key_may_open_its_own_port_and_nothing_else() -> None:
    line = admission(Tunnel(client="web1", port=22001, key=KEY))

    options = line.removesuffix(f" {KEY}").split(",")
    assert options == ["restrict", "port-forwarding", 'permitlisten="localhost:22001"', 'command="/bin/false"']


def test_only_enabled_clients_that_dial_in_and_have_a_key_are_let_in() -> None:
    tunnels = {
        "web1": Tunnel(client="web1", port=22001, key=KEY),
        "web2": Tunnel(client="web2", port=22002),
        "gone": Tunnel(client="gone", port=22003, key=KEY),
    }

    assert admissions(dialling("web1", "web2", "web3"), tunnels).count("\n") == 1
    assert "22001" in admissions(dialling("web1"), tunnels)
    assert admissions(dialling("web1", more="enabled = false"), tunnels) == ""
    assert admissions(house("web1"), tunnels) == ""
    assert expected(dialling("web1", more="enabled = false")) == ()


def test_a_report_is_read_as_it_was_written() -> None:
    report = TunnelReport(time=NOON, ports=frozenset({22001, 22002}))

    assert TunnelReport.from_json(report.to_json()) == report


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "7",
        '{"time": 7, "ports": []}',
        '{"time": "2026-11-22T12:00:00", "ports": []}',
        '{"time"',
        "[" * 100_000,
    ],
    ids=range(8),
)
def test_what_no_gateway_writes_is_no_report(text: str) -> None:
    assert TunnelReport.from_json(text) is None


def test_strange_ports_in_a_report_open_nothing() -> None:
    report = TunnelReport.from_json(json.dumps({"time": NOON.isoformat(), "ports": ["22001", None, 22002]}))

    assert report is not None
    assert report.ports == {22002}


def test_a_tunnel_is_up_only_while_the_gateway_says_so() -> None:
    report = TunnelReport(time=NOON, ports=frozenset({22001}))

    assert is_up(report, 22001, NOON + REPORT_LIMIT)
    assert not is_up(report, 22001, NOON + REPORT_LIMIT + timedelta(seconds=1))
    assert not is_up(report, 22001, NOON - REPORT_LIMIT - timedelta(seconds=1))
    assert not is_up(report, 22002, NOON)
    assert not is_up(report, None, NOON)
    assert not is_up(None, 22001, NOON)


def test_the_gateway_has_no_right_and_is_given_nothing_of_any_client() -> None:
    spec = gateway_spec(dialling("web1"), appliance_id="us", image="sha256:1")

    assert (spec.name, spec.user, spec.capabilities, spec.devices) == ("borgpull-gateway", "1000:1000", (), ())
    assert spec.ports == ((places.GATEWAY_PORT, 2222),)
    assert [(mount.source, mount.read_only) for mount in spec.mounts] == [
        ("/state/gateway/door", True),
        ("/config/gateway/ssh_host_ed25519_key", True),
        ("/state/gateway/reports", False),
    ]
    assert places.LABEL_CLIENT not in spec.labels
    assert places.LABEL_RUN not in spec.labels
    assert spec.labels[places.LABEL_APPLIANCE] == "us"


def test_its_label_changes_with_what_it_is_made_of() -> None:
    def label(settings: str, image: str = "sha256:1") -> str:
        spec = gateway_spec(dialling("web1", settings=settings), appliance_id="us", image=image)
        return spec.labels[places.LABEL_GATEWAY]

    first = label('gateway = "nas.lan:2222"')
    assert first == label('gateway = "nas.lan:2222"\nmax_parallel = 3')
    others = {
        label('gateway = "nas.lan:2223"'),
        label('gateway = "nas.lan:2222"\nnetwork = "other"'),
        label('gateway = "nas.lan:2222"', "sha256:2"),
    }
    assert len(others | {first}) == 4


def test_a_run_of_a_client_that_dials_in_connects_to_the_gateways_end_of_its_tunnel() -> None:
    appliance = dialling("web1")
    plan = plan_run(appliance.clients[0], "create", run_id="run-1", now=NOON, appliance_id="us", tunnel_port=22001)

    assert (plan.host, plan.port) == ("127.0.0.1", 22001)
    assert container_spec(appliance.clients[0], plan, appliance.settings).network == "container:borgpull-gateway"
