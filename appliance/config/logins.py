"""Addresses with a user or a port in one text, as ssh takes them: `john@inter`, `john@inter:2222`, `nas.lan:2222`."""

from __future__ import annotations

from dataclasses import dataclass

SSH_PORT = 22
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Login:
    """A machine on the way to a client: who logs in, where."""

    user: str
    host: str
    port: int = SSH_PORT

    def __str__(self) -> str:
        """Write it as the configuration has it."""
        place = Endpoint(self.host, self.port)
        return f"{self.user}@{place if self.port != SSH_PORT else place.bracketed}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and a port that somebody can connect to."""

    host: str
    port: int

    def __str__(self) -> str:
        """Write it as the configuration has it."""
        return f"{self.bracketed}:{self.port}"

    @property
    def bracketed(self) -> str:
        """The host, an IPv6 address in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host


def split_port(text: str) -> tuple[str, int | None]:
    """Take a port from the end of `host:port` or `[v6]:port`; None where there is none. Raises ValueError."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f'"{text}" is not an address; write an IPv6 address as "[fd00::1]:2222"')
        return host, _port(rest[1:], text) if rest else None
    host, colon, port = text.rpartition(":")
    if not colon or ":" in host:
        return text, None
    return host, _port(port, text)


def _port(text: str, whole: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= _HIGHEST_PORT:
        raise ValueError(f'"{whole}": the port must be a number from 1 to {_HIGHEST_PORT}')
    return int(text)
