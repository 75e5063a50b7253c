"""Configurations of clients that dial in, or that call back, in few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.config.load import parse

if TYPE_CHECKING:
    from appliance.config.model import Appliance

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0ND"


def dialling(*names: str, more: str = "", settings: str = 'gateway = "nas.lan:2222"') -> Appliance:
    clients = "".join(
        f'[clients.{name}]\nhost = "localhost"\nreach = "dial-in"\npaths = ["/"]\n{more}\n' for name in names
    )
    return parse({"borgpull.toml": f"[appliance]\n{settings}\n{clients}"}, {})


def calling_back(**ports: int) -> Appliance:
    """Return clients of method ssh-agent, each with the port that it calls back at."""
    clients = "".join(
        f'[clients.{name}]\nhost = "{name}.lan"\nmethod = "ssh-agent"\ncallback = "nas.lan:{port}"\npaths = ["/"]\n'
        for name, port in ports.items()
    )
    return parse({"borgpull.toml": clients}, {})
