"""What a client offers, the recommended method and what would be read, as text without any harm in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.cli.readable import count, safe, size
from appliance.plan.trust import trust_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.config.model import Client
    from appliance.plan.offer import MountPoint, Offer
    from appliance.plan.proposal import Proposal
    from appliance.plan.recommendation import Recommendation

_RELAYS = (("socat", "socat"), ("nc-half-close", "nc"), ("python3", "python3"), ("perl-unix", "perl"))


def offer_text(name: str, user: str, offer: Offer) -> str:
    """Say what there is."""
    rows = [
        ("system", offer.system or "unknown"),
        ("sshd", offer.server.removeprefix("SSH-2.0-")),
        ("SFTP", offer.sftp_trouble or "works"),
        ("commands", "run by this key" if offer.commands else "none by this key"),
        ("Borg", _borg(offer)),
        ("beside Borg", ", ".join(_tools(offer)) or "no socat, nor a stand-in for it"),
        ("sudo", "there" if "sudo" in offer.tools else "not there"),
        ("reads", {True: "every file", False: f"only what {user} may", None: "unknown"}[offer.reads_all]),
    ]
    if offer.volumes:
        rows.append(("Docker", count(len(offer.volumes), "volume")))
    lines = (f"  {heading:{_width(rows)}}  {safe(words)}" for heading, words in rows)
    return "\n".join([f"{name} offers:", *lines])


def recommendation_text(told: Recommendation) -> str:
    """Say which method, why, and why not another one."""
    first = f"Recommended: {told.method}. " if told.method else "No method: "
    methods: dict[str, list[str]] = {}
    for one in told.others:
        methods.setdefault(one.reason, []).append(one.method)
    others = (f"  {', '.join(names)}: {safe(reason)}." for reason, names in methods.items())
    return "\n".join([f"{first}{safe(told.reason)}.", *others])


def trust_text(client: Client) -> str:
    """Say who must trust whom with what, as the table of trust has it."""
    trust = trust_of(client)
    lines = (
        f"passphrase known to the {' and the '.join(trust.passphrase)}",
        f"archives can be deleted by the {' and the '.join(trust.deleters)}: {trust.deletion}",
        f"this server can {trust.power}",
        f"not in its archives: {', '.join(trust.not_carried) or 'nothing that Borg could store is missing'}",
        *trust.notes,
    )
    return "\n".join([f"What {client.method} means:", *(f"  - {safe(line)}" for line in lines)])


def proposal_text(proposal: Proposal) -> str:
    """Say what would be read, and what left out and why."""
    return "\n".join(_proposal_lines(proposal))


def look_json(name: str, offer: Offer, told: Recommendation, proposal: Proposal) -> dict[str, Any]:
    """Give all of it to programs."""
    return {
        "client": name,
        "offer": offer.to_json(),
        "recommended": told.method,
        "reason": told.reason,
        "others": [{"method": one.method, "is_possible": one.is_possible, "reason": one.reason} for one in told.others],
        "paths": list(proposal.paths),
        "exclude": [{"pattern": one.pattern, "reason": one.reason} for one in proposal.left_out],
        "notes": list(proposal.notes),
    }


def _borg(offer: Offer) -> str:
    if not offer.commands:
        return "there; a key that runs no command cannot ask its version" if "borg" in offer.tools else "not in sight"
    return offer.borg_trouble or offer.borg.removeprefix("borg ")


def _tools(offer: Offer) -> tuple[str, ...]:
    # By SFTP only the names of programs are seen, not what they can do.
    plain = ("nc", "perl") if not offer.commands else ()
    found = [words for tool, words in _RELAYS if tool in offer.tools] + [tool for tool in plain if tool in offer.tools]
    return (*found, *(("ssh",) if "ssh" in offer.tools else ()))


def _proposal_lines(proposal: Proposal) -> Iterator[str]:
    yield f"Read: {' '.join(safe(path) for path in proposal.paths)} ({safe(proposal.reason)})"
    if proposal.read:
        rows = [(safe(one.point), safe(one.kind), _room(one)) for one in proposal.read]
        wide, kinds = (max(len(row[column]) for row in rows) for column in (0, 1))
        yield from (f"  {point:{wide}}  {kind:{kinds}}  {room}".rstrip() for point, kind, room in rows)
    yield "Left out:"
    left_out = [(safe(one.pattern), safe(one.reason)) for one in proposal.left_out]
    width = max((len(pattern) for pattern, _ in left_out), default=0)
    yield from (f"  {pattern:{width}}  {reason}" for pattern, reason in left_out)
    for note in proposal.notes:
        yield f"Note: {safe(note)}."


def _room(one: MountPoint) -> str:
    return "" if one.size is None else f"{size(one.used)} of {size(one.size)}"


def _width(rows: list[tuple[str, str]]) -> int:
    return max(len(heading) for heading, _ in rows)
