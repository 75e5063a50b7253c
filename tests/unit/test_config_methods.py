"""Which method goes with which reach and which keys, and what a client is told whose pair cannot work."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import product

import pytest

from appliance.config.keys import ALL_KEYS, KEYS
from appliance.config.load import MAIN, parse
from appliance.config.logins import Endpoint, Login
from appliance.config.model import BorgClient, Hook, MachineClient, Reach, SshAgentClient, Stream
from appliance.config.write import to_toml
from tests.clients import GATEWAY, METHODS, ON_THE_CLIENT, client_of, problems_of, written

CANNOT = {
    ("ssh-agent", "dial-in"): 'clients.web1: cannot have method = "ssh-agent" with reach = "dial-in"',
    ("mount", "jump"): "clients.web1.reach: method mount reads a folder or volume of the Docker host",
    ("mount", "dial-in"): "clients.web1.reach: method mount reads a folder or volume of the Docker host",
}
CAN = [pair for pair in product(METHODS, Reach) if pair not in CANNOT]
A_VALUE = dict.fromkeys(ALL_KEYS, "true") | {
    "after": "[]",
    "before": "[]",
    "callback": '"h:1"',
    "folder": '"/mnt"',
    "host": '"h"',
    "jump": '"a@b"',
    "marker": '"/m"',
    "port": "22",
    "quota": '"1G"',
    "reach": '"direct"',
    "stream": '{ command = "c", name = "n" }',
    "user": '"root"',
    "volume": '"v"',
}


@pytest.mark.parametrize(("method", "reach"), CAN)
def test_each_pair_that_can_work_loads_and_reads_back(method: str, reach: str) -> None:
    appliance = parse({MAIN: GATEWAY + written(method, reach)}, {})

    assert (appliance.clients[0].method, appliance.clients[0].reach) == (method, reach)
    assert parse({MAIN: to_toml(appliance)}, {}) == appliance


@pytest.mark.parametrize(("pair", "sentence"), CANNOT.items())
def test_each_pair_that_cannot_work_says_why(pair: tuple[str, str], sentence: str) -> None:
    problems = problems_of(GATEWAY + written(*pair))

    assert any(problem.startswith(f"borgpull.toml: {sentence}") for problem in problems)


@pytest.mark.parametrize("method", [method for method, reach in CAN if reach is Reach.DIAL_IN])
def test_a_client_that_dials_in_needs_the_gateway(method: str) -> None:
    (problem,) = problems_of(written(method, "dial-in"))

    assert problem.startswith('borgpull.toml: clients.web1.reach: "dial-in" needs the gateway, which is off; write')
    assert 'gateway = "nas.lan:2200"' in problem


def test_a_callback_and_the_gateway_cannot_listen_at_one_port() -> None:
    (problem,) = problems_of('[appliance]\ngateway = "other.lan:2222"\n' + written("ssh-agent"))

    assert problem.startswith("borgpull.toml: clients.web1.callback: port 2222 is that of the gateway in [appliance]")


def test_a_gateway_that_is_wrong_is_not_called_missing_too() -> None:
    (problem,) = problems_of('[appliance]\ngateway = "nas.lan"\n' + written("socat", "dial-in"))

    assert problem.startswith('borgpull.toml: appliance.gateway: "nas.lan" has no port')


@pytest.mark.parametrize("method", ["sshfs", *ON_THE_CLIENT])
@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ('reach = "jump"', 'has reach = "jump" and no machine to jump through; add jump = "john@inter.lan"'),
        ('reach = "jump"\njump = []', 'has reach = "jump" and no machine to jump through; add jump = "john@inter.lan"'),
        ('jump = "a@b"', 'has jump, which needs reach = "jump", not "direct"; change reach or remove jump'),
    ],
)
def test_jump_and_its_reach_need_each_other(method: str, extra: str, sentence: str) -> None:
    assert problems_of(written(method, extra=extra)) == [f"borgpull.toml: clients.web1: {sentence}"]


@pytest.mark.parametrize(
    ("method", "key"), [(method, key) for method in METHODS for key in sorted(ALL_KEYS - KEYS[method] - {"method"})]
)
def test_a_key_of_another_method_is_refused_with_the_method_it_belongs_to(method: str, key: str) -> None:
    problems = problems_of(written(method, extra=f"{key} = {A_VALUE[key]}"))

    (problem,) = [problem for problem in problems if f"clients.web1.{key}:" in problem]
    assert re.search(r"belongs to method .*remove|logs in nowhere; remove the key", problem)


@pytest.mark.parametrize("method", ON_THE_CLIENT)
def test_a_borg_on_the_client_needs_paths_or_a_stream_and_not_both(method: str) -> None:
    stream = 'stream = { command = "pg_dumpall", name = "postgres.sql" }'
    without = written(method).replace('paths = ["/"]\n', "")

    assert "needs exactly one of paths" in problems_of(without)[0]
    assert "needs exactly one of paths" in problems_of(written(method, extra=stream))[0]
    assert problems_of(without + stream) == []


@pytest.mark.parametrize("own", ['exclude = ["/tmp"]', "exclude_caches = true"])
def test_what_is_said_of_files_is_refused_beside_a_stream_and_may_come_from_the_defaults(own: str) -> None:
    stream = 'stream = { command = "pg_dumpall", name = "postgres.sql" }'
    table = written("socat").replace('paths = ["/"]', stream)

    (problem,) = problems_of(f"{table}{own}\n")

    assert "means nothing beside stream" in problem
    assert problems_of(f"[defaults]\n{own}\n{table}") == []


@pytest.mark.parametrize("method", ON_THE_CLIENT)
def test_the_chroot_is_for_sshfs_and_a_client_with_borg_of_its_own_is_told_so(method: str) -> None:
    (problem,) = problems_of(written(method, extra='names = "chroot"'))

    assert problem.startswith('borgpull.toml: clients.web1.names: "chroot" belongs to method sshfs, where Borg runs on')


def test_a_client_that_is_to_call_back_must_be_told_where() -> None:
    (problem,) = problems_of(written("ssh-agent").replace('callback = "nas.lan:2222"\n', ""))

    assert problem.startswith("borgpull.toml: clients.web1.callback: is missing; write the address of this server")


def test_two_clients_may_be_called_back_at_one_address() -> None:
    text = written("ssh-agent") + written("ssh-agent").replace("web1", "web2")

    assert problems_of(text) == []


@pytest.mark.parametrize(
    ("jump", "logins"),
    [
        ('"john@inter"', (Login("john", "inter"),)),
        ('["a@b", "c@d:2222"]', (Login("a", "b"), Login("c", "d", 2222))),
        ('["a@[fd00::1]:22", "c@fd00::2"]', (Login("a", "fd00::1"), Login("c", "fd00::2"))),
        ('"john@domain@inter"', (Login("john@domain", "inter"),)),
    ],
)
def test_a_chain_of_machines_is_read_in_its_order(jump: str, logins: tuple[Login, ...]) -> None:
    client = client_of("socat", extra=f'reach = "jump"\njump = {jump}')

    assert isinstance(client, MachineClient)
    assert client.jump == logins


def test_the_keys_of_a_client_that_calls_back_are_read() -> None:
    client = client_of("ssh-agent", extra='dedicated_key = true\nquota = "2TiB"\nnames = "numeric"')

    assert isinstance(client, SshAgentClient)
    assert (client.callback, client.dedicated_key) == (Endpoint("nas.lan", 2222), True)
    assert (client.quota, client.names) == (2 << 40, "numeric")


def test_a_hook_is_a_text_or_a_table() -> None:
    client = client_of("sshfs", extra='before = [" a b ", { command = "c", timeout = "1h", on_failure = "warn" }]')

    assert isinstance(client, MachineClient)
    assert client.before == (
        Hook(command="a b", timeout=timedelta(minutes=5), on_failure="stop"),
        Hook(command="c", timeout=timedelta(hours=1), on_failure="warn"),
    )
    assert client.after == ()


def test_a_stream_is_a_command_and_the_name_of_its_file() -> None:
    text = written("socat").replace('paths = ["/"]', 'stream = { command = "pg_dumpall", name = "postgres.sql" }')
    client = parse({MAIN: text}, {}).clients[0]

    assert isinstance(client, BorgClient)
    assert (client.stream, client.paths) == (Stream(command="pg_dumpall", name="postgres.sql"), ())
