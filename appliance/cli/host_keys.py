"""Host keys as values: their fingerprints, and what to say about new and changed ones."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.cli.readable import safe
from appliance.errors import BorgpullError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.config.model import MachineClient

_SHORT = {"ssh-ed25519": "ed25519", "ssh-rsa": "rsa"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKey:
    """One public host key: its kind, and the key in base64."""

    kind: str
    key: str

    @classmethod
    def from_line(cls, line: str) -> HostKey:
        """Read `kind key`."""
        kind, _, key = line.strip().partition(" ")
        return cls(kind=kind, key=key.split(" ", 1)[0])

    @property
    def line(self) -> str:
        """The key as it stands in a file, without the host."""
        return f"{self.kind} {self.key}"

    @property
    def fingerprint(self) -> str:
        """The fingerprint as ssh-keygen -l shows it; raises BorgpullError for what is no key."""
        try:
            digest = hashlib.sha256(base64.b64decode(self.key, validate=True)).digest()
        except (binascii.Error, ValueError) as error:
            raise BorgpullError(f"the machine shows a host key that is none: {safe(self.line)[:80]}") from error
        return f"SHA256:{base64.b64encode(digest).decode('ascii').rstrip('=')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine that is looked at: the client itself (`hop` 0), or the hop of that number on the way to it.

    `title` is how a sentence calls it, `home` how the operator finds its console.
    """

    hop: int
    host: str
    port: int
    title: str
    home: str


def machines(client: MachineClient) -> tuple[Machine, ...]:
    """Every machine whose host key a run checks, in order; the client is the last one."""
    hops = (
        Machine(
            hop=number, host=hop.host, port=hop.port, title=f"{hop.host} on the way to {client.name}", home=hop.host
        )
        for number, hop in enumerate(client.jump, 1)
    )
    last = Machine(hop=0, host=client.host, port=client.port, title=client.name, home=client.name)
    return (*hops, last)


def preference(key: HostKey) -> tuple[bool, str]:
    """Sort ed25519 first: its fingerprint is what most people compare."""
    return key.kind != "ssh-ed25519", key.kind


def is_known(pinned: Sequence[HostKey], shown: Sequence[HostKey]) -> bool:
    """Whether the machine shows a key that is pinned."""
    return any(key in pinned for key in shown)


def is_changed(pinned: Sequence[HostKey], shown: Sequence[HostKey]) -> bool:
    """Whether a key of the same kind is another one now."""
    kinds = {key.kind: key for key in pinned}
    return any(key.kind in kinds and kinds[key.kind] != key for key in shown)


def trust_text(machine: Machine, shown: Sequence[HostKey]) -> str:
    """Show new keys, and how to compare them where nobody stands in between."""
    kind = _SHORT.get(shown[0].kind, "ecdsa") if shown else "ed25519"
    where = f"{machine.title} (port {machine.port})" if machine.hop else f"{machine.host} (port {machine.port})"
    return "\n".join(
        [
            f"{where} shows these host keys:",
            "",
            *_listed(shown),
            "",
            f"Compare one of them, on {machine.home} itself (its console, or a connection you trust already):",
            "",
            f"  ssh-keygen -lf /etc/ssh/ssh_host_{kind}_key.pub",
            f"  dropbear: dropbearkey -y -f /etc/dropbear/dropbear_{kind}_host_key",
            "",
        ]
    )


def pins_text(machine: Machine, pinned: Sequence[HostKey], shown: Sequence[HostKey]) -> str:
    """Show the old keys beside the new ones."""
    place = "" if machine.hop else f" ({machine.host})"
    return "\n".join(
        [
            f"the host key of {machine.title}{place} has CHANGED. Another machine, or somebody in between?",
            "pinned:",
            *_listed(pinned),
            "shown now:",
            *_listed(shown),
        ]
    )


def _listed(keys: Sequence[HostKey]) -> list[str]:
    return [f"  {safe(key.kind):22} {key.fingerprint}" for key in keys]
