"""Who is trusted with what, per client: the one table behind `client list --trust`, `client setup` and the docs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from appliance.config.model import (
    BorgClient,
    Listing,
    MachineClient,
    MountClient,
    Names,
    Reach,
    RemoteForwardClient,
    SocatClient,
    SshAgentClient,
    SshfsClient,
)
from appliance.record import BY_SFTP

if TYPE_CHECKING:
    from appliance.config.model import AnyBorgClient, Client

SERVER = "server"
CLIENT = "client"

_BY_SERVER_ONLY = "nobody else has a way to the repository"
_BY_CLIENT = (
    "what the client deletes through its append-only `borg serve` is noticed by the next run or prune (reason "
    "tampering), and `borgpull repair` takes it back; no compact, which would make it final, runs before the ledger "
    "agrees"
)
# sshfs.c: version 3 of the protocol, all that OpenSSH speaks, has no words for these.
_NOT_IN_SFTP = (
    "hard links (each name becomes a file of its own)",
    "extended attributes",
    "ACLs",
    "file flags",
    "times below the second",
    "ctime (the time of change stands in its place)",
    "numbers of device nodes",
)
# What the listing of a client tells beside SFTP, and what it needs there for the last two.
_NEVER_LISTED = ("file flags",)
_NO_ATTRIBUTES = "extended attributes and ACLs, where the client has neither getfattr nor python3"
_NOT_WITHOUT_LISTING = (
    "where the client's key or programs do not allow the listing: hard links, extended attributes, ACLs, times below "
    "the second, ctime, numbers of device nodes"
)
_NO_DEVICES = "character devices altogether"
_NO_NAMES = "names of owners"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What a client and the server must trust each other with.

    `passphrase` and `deleters` name the sides (`server`, `client`); `runs_commands` says whether the server can run
    commands on the client, `power` says in words what it can do there, `not_carried` what archives will lack.
    """

    passphrase: tuple[str, ...]
    deleters: tuple[str, ...]
    deletion: str
    runs_commands: bool
    power: str
    not_carried: tuple[str, ...]
    notes: tuple[str, ...] = ()


def trust_of(client: Client, listed_by: str | None = None) -> Trust:
    """Return the trust that this client's configuration asks for.

    `listed_by` is what listed its files at the last good run, as in RunRecord: with listing = "auto" it decides what
    its archives lack. Where it is None, both ways are told.
    """
    if isinstance(client, MountClient):
        return _mount(client)
    if isinstance(client, SshfsClient):
        return _sshfs(client, listed_by)
    if isinstance(client, BorgClient):
        return _on_client(client)
    assert_never(client)


def _mount(client: MountClient) -> Trust:
    return Trust(
        passphrase=(SERVER,),
        deleters=(SERVER,),
        deletion=_BY_SERVER_ONLY,
        runs_commands=False,
        power="nothing: the folder or volume is mounted read-only, and there is no login",
        not_carried=("what the share itself does not carry", _NO_NAMES),
        notes=_of_encryption(client),
    )


def _sshfs(client: SshfsClient, listed_by: str | None) -> Trust:
    lost = (
        *_not_listed(client.listing, listed_by),
        *{Names.CHROOT: (_NO_DEVICES,), Names.NUMERIC: (_NO_NAMES,)}.get(client.names, ()),
    )
    how = "by SFTP" if client.listing is Listing.NEVER else "by SFTP and by the one program that lists files"
    reads = f"read {how} whatever {client.user} may, and nothing else, as long as the key's line is the printed one"
    return Trust(
        passphrase=(SERVER,),
        deleters=(SERVER,),
        deletion=_BY_SERVER_ONLY,
        runs_commands=_has_hooks(client),
        power=_commands(client, "hooks need that") if _has_hooks(client) else reads,
        not_carried=lost,
        notes=(*_of_reach(client), *_of_encryption(client)),
    )


def _not_listed(listing: Listing, listed_by: str | None) -> tuple[str, ...]:
    match listing:
        case Listing.NEVER:
            return _NOT_IN_SFTP
        case Listing.AUTO if listed_by == BY_SFTP:
            return _NOT_IN_SFTP
        case Listing.AUTO if listed_by is None:
            return (*_NEVER_LISTED, _NO_ATTRIBUTES, _NOT_WITHOUT_LISTING)
        case Listing.REQUIRE | Listing.AUTO:
            return (*_NEVER_LISTED, _NO_ATTRIBUTES)


def _on_client(client: AnyBorgClient) -> Trust:
    lost = (_NO_NAMES,) if client.names is Names.NUMERIC else ()
    if client.stream is not None:
        lost = ("all but the bytes that the command prints: one file, without owner, mode or times of its own",)
    return Trust(
        passphrase=(SERVER, CLIENT),
        deleters=(SERVER, CLIENT),
        deletion=_BY_CLIENT,
        runs_commands=True,
        power=_commands(client, "that is how Borg is started there"),
        not_carried=lost,
        notes=(*_of_channel(client), *_of_reach(client), *_of_encryption(client)),
    )


def _commands(client: MachineClient, why: str) -> str:
    return f"run any command as {client.user} ({why})"


def _has_hooks(client: MachineClient) -> bool:
    return bool(client.before or client.after)


def _of_channel(client: AnyBorgClient) -> tuple[str, ...]:
    """Say who else on the client could come near the way to the repository, and how far they get."""
    who = "root" if client.user == "root" else f"{client.user} and root"
    knows = f"{who} there can learn the passphrase, and with it read every archive of this client"
    return (knows, _way(client))


def _way(client: AnyBorgClient) -> str:
    match client:
        case SocatClient():
            return f"the socket lies in a folder of {client.user} alone: no other user of the client reaches it"
        case SshAgentClient():
            life = "the same in each run" if client.dedicated_key else "made for one run"
            return (
                f"while a run lasts, {client.callback} answers to everybody who can reach it; only the key in our "
                f"agent ({life}) is let in, and to nothing but this repository"
            )
        case RemoteForwardClient():
            return (
                "while a run lasts, every user of the client can connect to the forwarded port of its localhost; "
                "without the key of this run they get nowhere"
            )
        case _:
            assert_never(client)


def _of_reach(client: MachineClient) -> tuple[str, ...]:
    match client.reach:
        case Reach.DIRECT:
            return ()
        case Reach.JUMP:
            way = ", ".join(str(one) for one in client.jump)
            return (f"{way} on the way can cut the connection, and see when and how much; nothing of what is in it",)
        case Reach.DIAL_IN:
            return ("who opens the tunnel can cut it, and see when and how much; nothing of what is in it",)


def _of_encryption(client: Client) -> tuple[str, ...]:
    if not client.encryption.startswith("authenticated"):
        return ()
    return (f"{client.encryption} signs and does not encrypt: who has the repository reads it without the passphrase",)
