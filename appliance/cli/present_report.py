"""A report as lines for a person and as JSON for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from appliance.cli.readable import age, count, iso, size
from appliance.plan.days import DayState
from appliance.plan.report import MONTH, YEAR
from appliance.record import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from appliance.plan.days import Day
    from appliance.plan.report import ClientReport, HouseReport

# Told apart without colours too, on paper and by eyes that see no red.
_MARKS = {
    DayState.GOOD: ("█", "green"),
    DayState.WARNING: ("▄", "yellow"),
    DayState.FAILED: ("x", "bold red"),
    DayState.NONE: ("·", "dim"),
}
LEGEND = "█ good  ▄ with warnings, or only at another try  x failed  · no backup"
_SOME = 0.001


def day_strip(days: Iterable[Day], total: int, shown: int) -> Text:
    """Draw the last `shown` of `total` days, one character each, today last."""
    states = {day.number: day.state for day in days}
    strip = Text()
    for number in range(total - shown, total):
        strip.append(*_MARKS[states.get(number, DayState.NONE)])
    return strip


def percent(part: float | None) -> str:
    """Say a part of the whole: `97.5 %`; a dash for None."""
    if part is None:
        return "-"
    return "< 0.1 %" if 0 < part < _SOME else f"{part:.1%}".replace("%", " %")


def change(count_: int | None) -> str:
    """Say by how many bytes something grew or shrank."""
    if count_ is None:
        return "-"
    return f"{'-' if count_ < 0 else '+'}{size(abs(count_))}"


def span(seconds: float | None) -> str:
    """Say how long something took; a dash for None."""
    return "-" if seconds is None else age(timedelta(seconds=seconds))


def run_words(outcomes: Sequence[tuple[Outcome, int]]) -> str:
    """Say how many backups ended how: `58 success, 1 failed`."""
    return ", ".join(f"{number} {outcome}" for outcome, number in outcomes) or "none"


def in_order(report: ClientReport | HouseReport) -> list[tuple[Outcome, int]]:
    """Return the outcomes that happened with their numbers, from good to bad."""
    return [(outcome, number) for outcome in Outcome if (number := report.outcomes.get(outcome, 0))]


def report_page(report: HouseReport) -> RenderableType:
    """Lay out the sums, the numbers of each client, and their last days."""
    total = len(report.starts)
    first = report.starts[0].astimezone(report.zone)
    parts: list[RenderableType] = [
        Text(f"{report.name}: the last {count(total, 'day')}, since {first:%Y-%m-%d}", style="bold"),
        Text(f"Backups: {run_words(in_order(report))}"),
        Text(
            f"Repositories: {size(report.disk_bytes)}, {change(report.growth_bytes)}; "
            f"{size(report.new_bytes)} new, {percent(report.saved)} saved"
        ),
    ]
    if not report.clients:
        return Group(*parts, Text("No clients yet. `borgpull client add NAME --host HOST` makes the first one."))
    return Group(*parts, Text(), _numbers(report), Text(), *_strips(report, min(total, MONTH)))


def _numbers(report: HouseReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("CLIENT", "STATE"):
        table.add_column(heading, no_wrap=True)
    for heading in (f"DAYS/{MONTH}", f"/{YEAR}", "SIZE", "GROWTH", "TOOK", "CHANGE", "SAVED"):
        table.add_column(heading, justify="right", no_wrap=True)
    for client in report.clients:
        table.add_row(
            client.client,
            client.state,
            str(client.covered_month),
            str(client.covered_year),
            size(client.disk_bytes),
            change(client.growth_bytes),
            span(client.typical_seconds),
            percent(client.change_rate),
            percent(client.saved),
        )
    return table


def _strips(report: HouseReport, shown: int) -> Iterable[RenderableType]:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("CLIENT", no_wrap=True)
    table.add_column(f"THE LAST {count(shown, 'DAY')}".upper(), no_wrap=True)
    for client in report.clients:
        table.add_row(client.client, day_strip(client.days, len(report.starts), shown))
    return table, Text(LEGEND, style="dim")


def report_json(report: HouseReport) -> dict[str, Any]:
    """Give the report to programs: sizes in bytes, durations in seconds, rates from 0 to 1, times in ISO 8601."""
    return {
        "name": report.name,
        "made": iso(report.made),
        "timezone": str(report.zone),
        "days": len(report.starts),
        "since": iso(report.starts[0]),
        "outcomes": _outcomes_json(report),
        "repository_bytes": report.disk_bytes,
        "growth_bytes": report.growth_bytes,
        "new_bytes": report.new_bytes,
        "saved": report.saved,
        "clients": [_client_json(client, report) for client in report.clients],
    }


def _outcomes_json(report: ClientReport | HouseReport) -> dict[str, int]:
    return {str(outcome): report.outcomes.get(outcome, 0) for outcome in Outcome}


def _client_json(client: ClientReport, report: HouseReport) -> dict[str, Any]:
    stats = client.repository
    return {
        "client": client.client,
        "state": client.state,
        "last_success": iso(client.last_success),
        "archives": client.archives,
        "days_covered_30": client.covered_month,
        "days_covered_365": client.covered_year,
        "outcomes": _outcomes_json(client),
        "repository_bytes": client.disk_bytes,
        "growth_bytes": client.growth_bytes,
        "new_bytes": client.new_bytes,
        "typical_seconds": client.typical_seconds,
        "longest_seconds": client.longest_seconds,
        "change_rate": client.change_rate,
        "original_bytes": stats.total_size if stats else None,
        "compressed_bytes": stats.total_csize if stats else None,
        "deduplicated_bytes": stats.unique_csize if stats else None,
        "saved": client.saved,
        "saved_by_deduplication": client.saved_by_deduplication,
        "daily": [_day_json(day, report) for day in client.days],
    }


def _day_json(day: Day, report: HouseReport) -> dict[str, Any]:
    return {
        "day": f"{report.starts[day.number].astimezone(report.zone):%Y-%m-%d}",
        "state": str(day.state),
        "outcomes": {str(outcome): number for outcome, number in day.outcomes.items()},
        "mean_seconds": day.mean_seconds,
        "original_bytes": day.original_bytes,
        "deduplicated_bytes": day.deduplicated_bytes,
        "repository_bytes": day.disk_bytes,
    }
