"""Clients of every method and reach, as an operator writes them."""

from __future__ import annotations

from appliance.config.load import MAIN, parse
from appliance.config.model import Client, Reach
from appliance.errors import ConfigError

METHODS = ("sshfs", "socat", "ssh-agent", "remote-forward", "mount")
ON_THE_CLIENT = METHODS[1:4]
GATEWAY = '[appliance]\ngateway = "nas.lan:2200"\n'
_NEEDS = {
    **dict.fromkeys(METHODS, 'host = "web1.lan"\npaths = ["/"]\n'),
    "ssh-agent": 'host = "web1.lan"\npaths = ["/"]\ncallback = "nas.lan:2222"\n',
    "mount": 'folder = "/mnt/nas"\n',
}
_REACHES = {
    Reach.DIRECT: "",
    Reach.JUMP: 'reach = "jump"\njump = "john@inter"\n',
    Reach.DIAL_IN: 'reach = "dial-in"\n',
}


def written(method: str, reach: str = "direct", extra: str = "") -> str:
    """Return the table of a client, web1, with all that its method and its reach need."""
    return f'[clients.web1]\nmethod = "{method}"\n{_NEEDS[method]}{_REACHES[Reach(reach)]}{extra}\n'


def client_of(method: str, reach: str = "direct", extra: str = "") -> Client:
    """Read that client, in an appliance that has a gateway."""
    return parse({MAIN: GATEWAY + written(method, reach, extra)}, {}).clients[0]


def problems_of(text: str) -> list[str]:
    """Return what is wrong with that file, a line for each problem."""
    try:
        parse({MAIN: text}, {})
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def pair_works(method: str, reach: str) -> bool:
    """Whether a client of that method can have that reach."""
    return not problems_of(GATEWAY + written(method, reach))
