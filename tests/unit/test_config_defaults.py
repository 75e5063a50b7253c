"""What clients of each method take from `[defaults]`, and that no client is ever lost over it."""

from __future__ import annotations

import pytest

from appliance.config.load import MAIN, parse
from appliance.config.logins import Endpoint, Login
from appliance.config.model import BorgClient, Client, MachineClient, SshAgentClient
from tests.clients import METHODS, ON_THE_CLIENT, problems_of, written

EVERYTHING = """
[defaults]
names = "chroot"
paths = ["/etc"]
jump = ["john@inter", "kate@inner:2222"]
callback = "nas.lan:2222"
dedicated_key = true
quota = "500G"
before = ["stop"]
after = [{ command = "start", timeout = "1m" }]
folder = "/mnt/nas"
read_all = true
user = "backup"
port = 2222
host = "some.lan"
"""


def client(defaults: str, table: str) -> Client:
    (found,) = parse({MAIN: f"[defaults]\n{defaults}\n{table}"}, {}).clients
    return found


@pytest.mark.parametrize("method", METHODS)
def test_a_house_of_every_method_may_share_one_table_of_defaults(method: str) -> None:
    (found,) = parse({MAIN: EVERYTHING + f'[clients.web1]\nmethod = "{method}"\n'}, {}).clients

    assert found.paths == (("/",) if method == "mount" else ("/etc",))


@pytest.mark.parametrize("method", ON_THE_CLIENT)
@pytest.mark.parametrize(("names", "taken"), [("chroot", "client"), ("numeric", "numeric"), ("client", "client")])
def test_names_are_inherited_where_the_method_knows_them(method: str, names: str, taken: str) -> None:
    assert client(f'names = "{names}"', written(method)).names == taken


def test_the_way_through_other_machines_is_only_for_those_behind_them() -> None:
    behind = client('jump = "john@inter"', written("socat", extra='reach = "jump"'))
    beside = client('jump = "john@inter"', written("socat"))
    exception = client('jump = "john@inter"\nreach = "jump"', written("socat", extra='reach = "direct"'))

    assert isinstance(behind, MachineClient)
    assert isinstance(beside, MachineClient)
    assert isinstance(exception, MachineClient)
    assert behind.jump == (Login("john", "inter"),)
    assert beside.jump == exception.jump == ()


def test_a_default_reach_needs_its_machines_from_somewhere() -> None:
    (problem,) = problems_of('[defaults]\nreach = "jump"\n' + written("socat"))

    assert problem.startswith('borgpull.toml: clients.web1: has reach = "jump" and no machine to jump through')


def test_a_default_reach_that_a_method_cannot_have_is_a_problem_of_its_client() -> None:
    defaults = '[appliance]\ngateway = "nas.lan:2200"\n[defaults]\nreach = "dial-in"\n'

    (problem,) = problems_of(defaults + written("ssh-agent"))

    assert problem.startswith('borgpull.toml: clients.web1: cannot have method = "ssh-agent" with reach = "dial-in"')


def test_where_to_call_back_can_be_said_once_for_all() -> None:
    table = written("ssh-agent").replace('callback = "nas.lan:2222"\n', "")

    found = client('callback = "nas.lan:2200"\ndedicated_key = true\nquota = "1G"', table)

    assert isinstance(found, SshAgentClient)
    assert (found.callback, found.dedicated_key, found.quota) == (Endpoint("nas.lan", 2200), True, 10**9)


def test_a_client_with_a_stream_takes_no_default_paths() -> None:
    stream = 'stream = { command = "c", name = "n" }\n'
    streaming = client('paths = ["/etc"]', written("socat").replace('paths = ["/"]\n', stream))
    reading = client(stream, written("socat"))

    assert isinstance(streaming, BorgClient)
    assert isinstance(reading, BorgClient)
    assert (streaming.paths, reading.stream) == ((), None)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ('quota = "much"', "defaults.quota: must be a size"),
        ('callback = "nas"', 'defaults.callback: "nas" has no port'),
        ('jump = "inter"', "defaults.jump: must name user and machine"),
        ('before = "stop"', 'defaults.before: must be a list: write before = ["stop"]'),
        ("dedicated_key = 1", "defaults.dedicated_key: must be true or false"),
        ('stream = { command = "c" }', "defaults.stream.name: is missing"),
        ('reach = "by car"', "defaults.reach: must be one of"),
        ('names = "some"', "defaults.names: must be one of"),
        ('gateway = "nas.lan:1"', "defaults.gateway: no client has such a key"),
    ],
)
def test_a_wrong_default_is_told_once_whatever_the_clients_are(method: str, wrong: str, problem: str) -> None:
    (found,) = problems_of(f"[defaults]\n{wrong}\n{written(method)}")

    assert found.startswith(f"borgpull.toml: {problem}")
