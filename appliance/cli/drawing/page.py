"""A report as one page of HTML: sums, plots, and a table with a line for each client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance import __version__
from appliance.cli.drawing.clients import client_table
from appliance.cli.drawing.house import plots
from appliance.cli.drawing.markup import Markup, document, element, rules, together
from appliance.cli.drawing.style import SHEET
from appliance.cli.present_report import change, in_order, percent, run_words
from appliance.cli.readable import count, size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from appliance.plan.report import HouseReport

# Nothing in the page may run or be fetched, whatever a client is called.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_PROTECTED = ("ok", "running")


def page(report: HouseReport) -> str:
    """Return the whole page; it needs nothing beside it."""
    title = f"Borgpull report: {report.name}, {report.made.astimezone(report.zone):%Y-%m-%d}"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        rules(SHEET),
    )
    body = [_top(report), element("dl", *_tiles(report), class_="tiles")]
    if report.clients:
        body += [element("section", *plots(report), class_="plots"), client_table(report)]
    else:
        body.append(element("p", "No clients yet. borgpull client add NAME --host HOST makes the first one."))
    return document(head, element("body", *body, _foot()))


def _top(report: HouseReport) -> Markup:
    first, made = report.starts[0].astimezone(report.zone), report.made.astimezone(report.zone)
    words = (
        f"{count(len(report.starts), 'day')}, {first:%Y-%m-%d} to {made:%Y-%m-%d}; made {made:%Y-%m-%d %H:%M} "
        f"({report.zone})"
    )
    return element("header", element("h1", f"{report.name}: backups"), element("p", words))


def _tiles(report: HouseReport) -> Iterable[Markup]:
    clients = [client for client in report.clients if client.state != "disabled"]
    protected = sum(client.state in _PROTECTED for client in clients)
    whole = min((client.covered_month for client in clients), default=0)
    yield _tile("Clients in order", f"{protected} of {len(clients)}", _trouble([client.state for client in clients]))
    yield _tile("Backups", str(sum(report.outcomes.values())), run_words(in_order(report)))
    yield _tile("Repositories", size(report.disk_bytes), f"{change(report.growth_bytes)} since the first look")
    yield _tile("New data", size(report.new_bytes), "added by the backups of these days")
    yield _tile("Space saved", percent(report.saved), "by deduplication and compression")
    yield _tile("Days covered", f"{whole} of 30", "of the client that has fewest")


def _trouble(states: list[str]) -> str:
    counted = ((state, states.count(state)) for state in ("failing", "overdue", "never"))
    return ", ".join(f"{number} {state}" for state, number in counted if number) or "none is failing or overdue"


def _tile(name: str, value: str, note: str) -> Markup:
    return element("div", element("dt", name), element("dd", value, element("small", note)), class_="card")


def _foot() -> Markup:
    words = (
        f"Borgpull {__version__}, from the journal alone. Sizes of repositories are those at the last good backup; "
        "a day belongs to the backups that began on it."
    )
    return together((element("footer", words),))
