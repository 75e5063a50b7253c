"""Which way a restore goes, where to, and what gets lost on it: decisions with their reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.config.model import MachineClient
from appliance.record import Way

if TYPE_CHECKING:
    from datetime import datetime

    from appliance.config.model import Client

# The ways that this version can go.
WAYS = (Way.CHROOT, Way.NUMERIC)
_LOST_BY_SFTP = (
    "fifos and devices are not restored",
    "times are whole seconds",
    "ACLs, extended attributes and flags are not restored",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A way, why that one, and what it loses."""

    way: Way
    reason: str
    losses: tuple[str, ...]


def choose_way(wanted: Way | None, *, is_part: bool) -> Choice:
    """Choose the way: as wanted, else by what is restored, as Borg's page on pull mode does."""
    way = wanted or (Way.CHROOT if is_part else Way.NUMERIC)
    reasons = {
        Way.CHROOT: "a part goes into a system that has its own users, so owners go by their names there",
        Way.NUMERIC: "everything is restored, passwd and group too, so the archive's own numbers fit",
    }
    return Choice(way=way, reason="asked for" if wanted else reasons[way], losses=_losses(way))


def _losses(way: Way) -> tuple[str, ...]:
    names = "a name that the client does not know keeps the archive's number"
    return (*_LOST_BY_SFTP, *((names,) if way is Way.CHROOT else ()))


def refusal(client: Client) -> str:
    """Say why nothing can be restored onto that client; empty where it can."""
    if isinstance(client, MachineClient):
        return ""
    return (
        f"{client.name} is a folder of this host, read by method mount; nothing is restored onto it from here. "
        "docs/how-to/restore-with-plain-borg.md tells how to get its files back."
    )


def fresh_folder(client: Client, now: datetime) -> str:
    """Name a folder that is not there yet, where only root can write, on the file system that everything is on."""
    return f"/borgpull-restore-{client.name}-{now:%Y%m%dT%H%M%S}"
