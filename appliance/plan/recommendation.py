"""Which method fits what a client offers, with the reason, and what speaks for and against the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.config.model import Reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.offer import Offer

_NOTHING_INSTALLED = (
    "SFTP works, so nothing has to be installed there; the passphrase stays on this server, and the client can delete "
    "nothing"
)
_FULL = (
    "keeps hard links, ACLs and extended attributes too, but the client then knows its passphrase, and the key runs "
    "commands"
)
_NO_WAY = (
    "neither SFTP nor a Borg that will do: turn SFTP on there (`Subsystem sftp` in its sshd_config; on a NAS its SFTP "
    "service), or install borgbackup 1.2 or 1.4 and let the key run commands"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A method: whether the client can carry it as it stands, and a sentence why, or why not."""

    method: str
    is_possible: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """The method that fits best, None where none does; `reason` says why, or what to do. `others` are the rest."""

    method: str | None
    reason: str
    others: tuple[Choice, ...]


def recommend(offer: Offer, reach: Reach) -> Recommendation:
    """Choose what asks the least of the client and trusts it least; Borg on the client where SFTP is not to be had."""
    choices = tuple(_choices(offer, reach))
    best = next((one for one in choices if one.is_possible), None)
    others = tuple(one for one in choices if one is not best)
    if best is None:
        return Recommendation(method=None, reason=_NO_WAY, others=others)
    return Recommendation(method=best.method, reason=best.reason, others=others)


def _choices(offer: Offer, reach: Reach) -> Iterator[Choice]:
    sftp = _NOTHING_INSTALLED if offer.has_sftp else offer.sftp_trouble
    yield Choice(method="sshfs", is_possible=offer.has_sftp, reason=sftp)
    refusal = _why_no_borg(offer)
    for method, why_not in (
        ("socat", _why_no_socket(offer)),
        ("remote-forward", _why_no_ssh(offer)),
        ("ssh-agent", _why_no_call(offer, reach)),
    ):
        trouble = refusal or why_not
        yield Choice(method=method, is_possible=not trouble, reason=trouble or f"{_borg(offer)} is there: {_FULL}")


def _borg(offer: Offer) -> str:
    return " ".join(offer.borg.split()[:2]).replace("borg", "Borg") or "Borg"


def _why_no_borg(offer: Offer) -> str:
    if not offer.commands:
        return (
            f"Borg is there, but the key runs no command now (it would need the line of `client setup`): {_FULL}"
            if "borg" in offer.tools
            else "there is no Borg in sight, and the key runs no command"
        )
    return offer.borg_trouble


def _why_no_socket(offer: Offer) -> str:
    if "dropbear" in offer.server.lower():
        return "its sshd is dropbear, which forwards no sockets"
    relays = ("socat", "python3", "perl-unix")
    if not offer.tools & frozenset(relays) and not {"nc-unix", "nc-half-close"} <= offer.tools:
        return "there is neither socat nor a stand-in for it (nc with -U and -N, python3, perl)"
    return ""


def _why_no_ssh(offer: Offer) -> str:
    return "" if "ssh" in offer.tools else "there is no ssh client on it"


def _why_no_call(offer: Offer, reach: Reach) -> str:
    if reach is Reach.DIAL_IN:
        return "the client would have to call this server past its own tunnel"
    return _why_no_ssh(offer)
