"""Which way a restore goes, where to, and what gets lost on it: decisions with their reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.config.model import BorgClient, MachineClient
from appliance.record import Way

if TYPE_CHECKING:
    from datetime import datetime

    from appliance.config.model import Client

# The ways that this version can go.
WAYS = (Way.CHROOT, Way.NUMERIC, Way.TAR, Way.CLIENT, Way.LOCAL)
# How it comes to whoever asked, in place of a folder of this server.
FORMS = ("tar", "tar.zst", "zip")
_NO_ATTRIBUTES = "ACLs, extended attributes and flags are not restored"
_LOST_BY_SFTP = (
    "fifos and devices are not restored",
    "times are whole seconds",
    _NO_ATTRIBUTES,
)
_LOST_IN_A_FOLDER = (
    "everything belongs to user 1000 of this server (or PUID): nothing there has rights (--format tar keeps owners)",
    "devices and file capabilities are not restored",
    "small holes are filled with zeros",
)
_LOST_IN_A_TAR = ("times are whole seconds", _NO_ATTRIBUTES)
_LOST_IN_A_ZIP = (
    "owners, fifos and devices are not restored",
    "hard links become symbolic ones",
    "times are even seconds of 1980 to 2107",
    _NO_ATTRIBUTES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A way, why that one, and what it loses."""

    way: Way
    reason: str
    losses: tuple[str, ...]


def choose_way(
    client: Client, wanted: Way | None, *, is_part: bool, form: str = "", destination: Client | None = None
) -> Choice:
    """Choose the way: as wanted, else by what is restored, as Borg's page on pull mode does.

    `form` is one of FORMS, or "" for files that stand somewhere; `destination` is another client.
    """
    onto_this_server = bool(form) or not isinstance(destination or client, MachineClient)
    by_itself = destination is None and isinstance(client, BorgClient)
    over_sftp = Way.CHROOT if is_part else Way.NUMERIC
    way = wanted or (Way.LOCAL if onto_this_server else Way.CLIENT if by_itself else over_sftp)
    reasons = {
        Way.LOCAL: f"as {form}, to whoever asked" if form else f"{client.name} is no machine that could be written on",
        Way.CHROOT: "a part goes into a system that has its own users, so owners go by their names there",
        Way.CLIENT: f"{client.name} has a Borg of its own, which brings back all that an archive holds",
        Way.TAR: "asked for",
        Way.NUMERIC: "everything is restored, passwd and group too, so the archive's own numbers fit",
    }
    return Choice(way=way, reason="asked for" if wanted else reasons[way], losses=_losses(way, form, is_part=is_part))


def _losses(way: Way, form: str, *, is_part: bool) -> tuple[str, ...]:
    if way is Way.LOCAL:
        return {"": _LOST_IN_A_FOLDER, "zip": _LOST_IN_A_ZIP}.get(form, _LOST_IN_A_TAR)
    names = ("a name that the client does not know keeps the archive's number",)
    if way is Way.CLIENT:
        return names if is_part else ()
    if way is Way.TAR:
        return (*_LOST_IN_A_TAR, "small holes are filled with zeros", *(names if is_part else ()))
    return (*_LOST_BY_SFTP, *(names if way is Way.CHROOT else ()))


def refusal(client: Client, way: Way, form: str = "", destination: Client | None = None) -> str:
    """Say why nothing can be restored on that way; empty where it can. `destination` is another client."""
    if destination is not None:
        return _refusal_elsewhere(client, destination, way, form)
    if form and way is not Way.LOCAL:
        return f"--format {form} is for --way local; way {way} writes on {client.name} itself."
    if way is Way.CLIENT and isinstance(client, MachineClient) and not isinstance(client, BorgClient):
        return (
            f"{client.name} is pulled by method {client.method}, so no Borg there knows a way to its repository; take "
            "--way numeric, chroot or tar."
        )
    if way is Way.LOCAL or isinstance(client, MachineClient):
        return ""
    return (
        f"{client.name} is a folder of this host, read by method mount; nothing is restored onto it from here. "
        "--way local restores into a folder of this server."
    )


def _refusal_elsewhere(client: Client, other: Client, way: Way, form: str) -> str:
    if form or way is Way.LOCAL:
        return f"What is restored onto {other.name} does not come to this server; leave out --format and --way local."
    if not isinstance(other, MachineClient):
        return f"{other.name} is a folder of this host, read by method mount; nothing is restored onto it from here."
    if way is Way.CLIENT:
        return (
            f"Way client would give {other.name} the passphrase of {client.name}, and a way into its repository; take "
            "--way numeric, chroot or tar."
        )
    return ""


def fresh_folder(client: Client, now: datetime) -> str:
    """Name a folder that is not there yet, where only root can write, on the file system that everything is on."""
    return f"/borgpull-restore-{client.name}-{now:%Y%m%dT%H%M%S}"
