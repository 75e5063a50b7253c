"""The configured clients as JSON and as tables: where each is, how it is reached, and who must trust whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from appliance.cli.listing_words import listed_words
from appliance.cli.present_fidelity import card_words
from appliance.cli.readable import safe
from appliance.config.model import BorgClient, MachineClient, MountClient, Reach
from appliance.plan.trust import trust_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from appliance.config.model import Client
    from appliance.plan.fidelity import Card


def client_json(one: Client) -> dict[str, Any]:
    """Give a client to programs."""
    return {
        "client": one.name,
        "method": one.method,
        "names": str(one.names),
        "reach": str(one.reach),
        "enabled": one.enabled,
        "source": source_words(one),
        "paths": list(one.paths),
        "schedule": str(one.schedule),
    }


def clients_page(clients: Sequence[Client]) -> RenderableType:
    """Lay the clients out, one a line."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("CLIENT", "METHOD", "REACH", "SOURCE", "SCHEDULE"):
        table.add_column(heading, no_wrap=heading != "SOURCE", overflow="fold")
    for one in clients:
        schedule = Text(str(one.schedule)) if one.enabled else Text("disabled", style="dim")
        table.add_row(one.name, f"{one.method} ({one.names})", str(one.reach), Text(safe(source_words(one))), schedule)
    return table


def source_words(one: Client) -> str:
    """Say where the client's data is."""
    what = " ".join(one.paths)
    if isinstance(one, BorgClient) and one.stream is not None:
        what = f"what `{one.stream.command}` prints"
    return f"{_place(one)}: {what}"


def _place(one: Client) -> str:
    match one:
        case MachineClient():
            port = "" if one.port == 22 else f" port {one.port}"  # noqa: PLR2004 - ssh's own
            return f"{one.user}@{one.host}{port}{_way(one)}"
        case MountClient(volume=None):
            return str(one.folder)
        case MountClient():
            return f"volume {one.volume}"


def _way(one: MachineClient) -> str:
    match one.reach:
        case Reach.DIRECT:
            return ""
        case Reach.JUMP:
            return f" through {', '.join(str(hop) for hop in one.jump)}"
        case Reach.DIAL_IN:
            return " through its tunnel"


def trust_json(one: Client, card: Card | None = None, listed_by: str | None = None) -> dict[str, Any]:
    """Give the trust that a client asks for to programs, and what its last good run and its newest card say."""
    trust = trust_of(one, listed_by)
    return {
        "client": one.name,
        "method": one.method,
        "names": str(one.names),
        "reach": str(one.reach),
        "passphrase": list(trust.passphrase),
        "deleters": list(trust.deleters),
        "deletion": trust.deletion,
        "runs_commands": trust.runs_commands,
        "power": trust.power,
        "not_carried": list(trust.not_carried),
        "listed_by": listed_by,
        "notes": list(trust.notes),
        "fidelity": card.to_json() if card else None,
    }


def trust_page(
    clients: Sequence[Client], cards: Mapping[str, Card], listed: Mapping[str, str | None]
) -> RenderableType:
    """Lay the trust out, a few lines a client: sentences do not fit into the columns of a terminal.

    `cards` are the newest fidelity cards, `listed` says what listed the files of the last good runs.
    """
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in clients:
        for number, (heading, words) in enumerate(_trust_rows(one, cards.get(one.name), listed.get(one.name))):
            table.add_row(one.name if number == 0 else "", heading, Text(safe(words)))
    return table


def _trust_rows(one: Client, card: Card | None, listed_by: str | None) -> list[tuple[str, str]]:
    trust = trust_of(one, listed_by)
    return [
        ("method", f"{one.method} ({one.names}), {one.reach}"),
        ("passphrase", f"held by {_sides(trust.passphrase)}"),
        ("deletes", f"{_sides(trust.deleters)}: {trust.deletion}"),
        ("server can", trust.power),
        ("not carried", "; ".join(trust.not_carried) or "nothing of what Borg can store"),
        *((("last run", listed_words(listed_by)),) if listed_by else ()),
        *((("tried", card_words(card)),) if card else ()),
        *(("note", note) for note in trust.notes),
    ]


def _sides(sides: tuple[str, ...]) -> str:
    return f"the {sides[0]} only" if len(sides) == 1 else " and ".join(f"the {side}" for side in sides)
