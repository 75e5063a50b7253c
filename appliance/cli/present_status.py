"""The state of every client as a page for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from appliance.cli.columns import Column, Columns
from appliance.cli.listing_words import listed_words
from appliance.cli.readable import ago, safe_lines, size, until
from appliance.record import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rich.console import RenderableType

    from appliance.cli.client_states import ClientStatus
    from appliance.cli.columns import Cell

STATE_COLOURS = {
    "ok": "green",
    "running": "cyan",
    "overdue": "yellow",
    "failing": "bold red",
    "unwatched": "bold red",
    "never": "yellow",
    "disabled": "dim",
}
_COLUMNS = (
    Column("CLIENT"),
    Column("METHOD"),
    Column("STATE"),
    Column("LAST GOOD"),
    Column("NEXT RUN"),
    Column("ARCHIVES", right=True),
    Column("SIZE", right=True),
)


def status_page(statuses: tuple[ClientStatus, ...], headlines: tuple[str, ...], now: datetime) -> RenderableType:
    """Lay out the headlines, the table, and below it what is wrong with whom."""
    parts: list[RenderableType] = [Text(f"! {safe_lines(line)}", style="bold yellow") for line in headlines]
    if not statuses:
        parts.append(Text("No clients yet. `borgpull client add NAME --host HOST` makes the first one."))
        return Group(*parts)
    parts.append(_table(statuses, now))
    parts.extend(_said(status, status.message) for status in statuses if status.message and status.state != "disabled")
    if len(statuses) == 1 and (listed_by := statuses[0].listed_by):
        parts.append(_said(statuses[0], listed_words(listed_by)))
    parts.extend(line for status in statuses for line in _upkeep_lines(status, now, alone=len(statuses) == 1))
    return Group(*parts)


def _upkeep_lines(status: ClientStatus, now: datetime, *, alone: bool) -> Iterable[Text]:
    """Say what came of upkeep: all of it for a client that was asked for alone, else only what went wrong."""
    if status.state == "disabled":
        return
    for operation, last in status.kept_up.items():
        if last.outcome is None or not (alone or last.outcome is Outcome.FAILED):
            continue
        why = f" ({last.reason})" if last.reason else ""
        said = f": {last.message}" if last.message and last.outcome is not Outcome.SUCCESS else ""
        text = f"last {operation} {ago(last.finished, now)}, {last.outcome}{why}{said}"
        yield _said(status, text)


def _table(statuses: tuple[ClientStatus, ...], now: datetime) -> Columns:
    return Columns(_COLUMNS, [_row(status, now) for status in statuses])


def _row(status: ClientStatus, now: datetime) -> tuple[Cell, ...]:
    return (
        status.client,
        f"{status.method} ({status.names})" if status.names else status.method,
        (_state_words(status), STATE_COLOURS[status.state]),
        ago(status.last_success, now),
        until(status.next_run, now),
        str(status.archives),
        size(status.repository_bytes),
    )


def _state_words(status: ClientStatus) -> str:
    if status.state == "failing":
        return f"failing ({status.last_reason or status.last_outcome}, {status.consecutive_failures}x)"
    if status.state == "running" and status.progress is not None:
        return f"running ({status.progress.step}, {size(status.progress.original_size)})"
    beside = [f"tunnel {status.tunnel}"] if status.tunnel else []
    beside += [f"{status.upkeep} runs"] if status.upkeep else []
    return f"{status.state} ({', '.join(beside)})" if beside else status.state


def _said(status: ClientStatus, words: str) -> Text:
    return Text.assemble((f"{status.client}: ", "bold"), safe_lines(words))
