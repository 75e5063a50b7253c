"""The fidelity card as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from appliance.cli.readable import safe
from appliance.plan.fidelity import Found

if TYPE_CHECKING:
    from rich.console import RenderableType

    from appliance.plan.fidelity import Card

_COLOURS = {Found.KEPT: "green", Found.LOST: "yellow", Found.NOT_TRIED: "dim"}
_BAD = "bold red"


def card_page(card: Card) -> RenderableType:
    """Lay the card out, one trait a line, and say what is not as the method claims."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (card.client.upper(), "", "HOW"):
        table.add_column(heading, no_wrap=heading != "HOW", overflow="fold")
    for row in card.rows:
        colour = _BAD if row.is_surprise else _COLOURS[row.found]
        table.add_row(str(row.trait), Text(str(row.found), style=colour), Text(safe(row.note)))
    title = Text(f"{card.client} by method {card.method} ({card.names}): {card.summary}.")
    notes = [Text(f"While it was pulled: {safe(warning)}") for warning in card.warnings]
    return Group(title, Text(), table, *notes, *_verdict(card))


def card_words(card: Card) -> str:
    """Say what the card found, in one line."""
    lost = ", ".join(row.trait for row in card.rows if row.found is Found.LOST)
    method = f"method {card.method} ({card.names})"
    return f"{card.taken:%Y-%m-%d} by {method}: {card.summary}{f'; lost: {lost}' if lost else ''}"


def _verdict(card: Card) -> tuple[Text, ...]:
    if not card.surprises:
        return (Text("Nothing got lost that this method should carry."),)
    names = ", ".join(row.trait for row in card.surprises)
    return (Text(f"Lost here, although this method should carry it: {names}.", style=_BAD),)
