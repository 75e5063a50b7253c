"""The types of addresses and logins: each reads itself from what the operator wrote, or says what is wrong."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from appliance.config.logins import SSH_PORT, Endpoint, Login, split_port

_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62}))*\.?")


def _host(text: str) -> str:
    if "@" in text:
        user, _, host = text.rpartition("@")
        raise ValueError(f'write the user and the host as two keys: user = "{user}" and host = "{host}"')
    try:
        return str(ip_address(text))
    except ValueError:
        pass
    if re.fullmatch(r"[^:/\[\]]+:\d+", text):
        host, _, port = text.partition(":")
        raise ValueError(f'write the host and the port as two keys: host = "{host}" and port = {int(port)}')
    if re.fullmatch(r"\[.*\].*", text):
        raise ValueError(f'"{text}": write an IPv6 address without brackets, and the port as a key of its own')
    if not _HOST.fullmatch(text) or re.fullmatch(r"[\d.]+", text):
        raise ValueError(f'"{text}" is neither a host name nor an IP address')
    return text


def _user(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}\$?", text):
        raise ValueError(f'"{text}" is not a user name')
    return text


def _listen(text: str) -> str:
    host, _, port = text.rpartition(":")
    try:
        ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        host = ""
    if not host or not re.fullmatch(r"\d{1,5}", port) or not 0 < int(port) < 1 << 16:
        raise ValueError(f'"{text}" must be an address and a port, such as "0.0.0.0:9187"')
    return text


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise ValueError(f'"{text}" is not an IP address') from error


def _jump_host(text: object) -> Login:
    if isinstance(text, Login):
        return text
    if not isinstance(text, str) or "@" not in text:
        raise ValueError('must name user and machine, such as "john@inter.lan" or "john@inter.lan:2222"')
    user, _, place = text.rpartition("@")
    host, port = split_port(place)
    return Login(_user(user), _host(host), port or SSH_PORT)


def _jump_hosts(value: object) -> tuple[Login, ...]:
    several = value if isinstance(value, list | tuple) else [value]
    return tuple(_jump_host(text) for text in several)


def _endpoint(value: object) -> Endpoint:
    if isinstance(value, Endpoint):
        return value
    if not isinstance(value, str):
        raise ValueError('must be a text in quotes, such as "nas.lan:2222"')  # noqa: TRY004 - pydantic wants ValueError
    if "@" in value:
        raise ValueError(
            f'"{value}" names a user, and nobody logs in there by hand; write "{value.rpartition("@")[2]}"'
        )
    host, port = split_port(value)
    if port is None:
        raise ValueError(f'"{value}" has no port; write host and port, such as "nas.lan:2222"')
    return Endpoint(_host(host), port)


def _mac_address(text: str) -> str:
    digits = re.sub(r"[:.-]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{12}", digits):
        raise ValueError(f'"{text}" is not a MAC address; write one such as "aa:bb:cc:dd:ee:ff"')
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


Address = Annotated[Endpoint, BeforeValidator(_endpoint, json_schema_input_type=str)]
Host = Annotated[str, AfterValidator(_host)]
IpAddress = Annotated[str, AfterValidator(_address)]
JumpHosts = Annotated[tuple[Login, ...], BeforeValidator(_jump_hosts, json_schema_input_type=str | list[str])]
Listen = Annotated[str, AfterValidator(_listen)]
MacAddress = Annotated[str, AfterValidator(_mac_address)]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
UserName = Annotated[str, AfterValidator(_user)]
