"""The table of a report: a line for each client, with its days and how its numbers went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.cli.drawing.house import daily, held
from appliance.cli.drawing.markup import Markup, element
from appliance.cli.drawing.small import spark, strip
from appliance.cli.present_report import change, percent, span
from appliance.cli.readable import ago, count, size
from appliance.plan.days import DayState
from appliance.plan.report import MONTH, YEAR

if TYPE_CHECKING:
    from appliance.plan.report import ClientReport, HouseReport

_KEYS = {
    DayState.GOOD: "good",
    DayState.WARNING: "with warnings, or only at another try",
    DayState.FAILED: "failed",
    DayState.NONE: "no backup",
}


def client_table(report: HouseReport) -> Markup:
    """Draw the whole table."""
    total = len(report.starts)
    headings = (
        ("Client", ""), ("State", ""), ("Last good", ""), (f"The last {count(total, 'day')}", ""),
        (f"of {MONTH}", "number"), (f"of {YEAR}", "number"), ("Repository", "number"), ("Growth", "number"),
        ("Size", ""), ("Duration", "number"), ("Each day", ""), ("Change a day", "number"), ("Saved", "number"),
    )  # fmt: skip
    head = element("tr", *(element("th", name, scope="col", class_=kind or None) for name, kind in headings))
    rows = (_row(client, report) for client in report.clients)
    keys = (element("li", element("i", class_=f"key {state}"), words) for state, words in _KEYS.items())
    return element(
        "article",
        element("h2", "Clients"),
        element("table", element("thead", head), element("tbody", *rows)),
        element("ul", *keys, class_="legend"),
        class_="card wide",
    )


def _row(client: ClientReport, report: HouseReport) -> Markup:
    total = len(report.starts)
    sizes = held(daily(client, total, lambda day: day.disk_bytes))
    seconds = daily(client, total, lambda day: day.mean_seconds)
    longest = f"{client.client}: durations, the longest {span(client.longest_seconds)}"
    return element(
        "tr",
        element("th", client.client, scope="row"),
        element("td", client.state, class_=client.state),
        element("td", ago(client.last_success, report.made)),
        element("td", strip(client.days, total)),
        _number(str(client.covered_month)),
        _number(str(client.covered_year)),
        _number(size(client.disk_bytes)),
        _number(change(client.growth_bytes)),
        element("td", spark(f"{client.client}: size of the repository", sizes)),
        _number(span(client.typical_seconds)),
        element("td", spark(longest, seconds)),
        _number(percent(client.change_rate)),
        _number(percent(client.saved)),
    )


def _number(words: str) -> Markup:
    return element("td", words, class_="number")
