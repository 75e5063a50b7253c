"""The plots of the whole house: sizes, new data, durations, change rates, outcomes and what is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.cli.drawing.markup import Markup, element
from appliance.cli.drawing.parts import Row, parts_of_wholes
from appliance.cli.drawing.plots import Axes, Series, lines, stacked
from appliance.cli.drawing.scales import Scale, bytes_scale, count_scale, part_scale, seconds_scale
from appliance.cli.present_report import percent
from appliance.cli.readable import count, size
from appliance.record import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from appliance.plan.days import Day
    from appliance.plan.report import ClientReport, HouseReport

    Values = list[float | None]

# As many colours as eyes tell apart; the smaller clients share one.
_COLOURS = 7
_OUTCOMES = (
    ("success", "good", (Outcome.SUCCESS,)),
    ("warning", "warning", (Outcome.WARNING,)),
    ("failed or interrupted", "failed", (Outcome.FAILED, Outcome.INTERRUPTED)),
    ("skipped", "none", (Outcome.SKIPPED,)),
)

_PARTS = (("kept", "c0"), ("saved by deduplication", "good"), ("saved by compression", "c1"))


def plots(report: HouseReport) -> Iterable[Markup]:
    """Yield each plot in a card of its own."""
    # A client has the same colour in every plot: the largest come first.
    ranked = sorted(report.clients, key=lambda client: client.disk_bytes or 0, reverse=True)
    yield _bars(report, "Repository size", ranked, bytes_scale, lambda day: day.disk_bytes, gap=0.0, is_level=True)
    yield _bars(report, "New data per day", ranked, bytes_scale, lambda day: day.deduplicated_bytes, gap=0.25)
    yield _outcomes(report)
    yield _lines(
        report, "Backup duration", ranked, lambda day: day.mean_seconds, lambda values: seconds_scale(max(values))
    )
    yield _lines(
        report, "Change rate: new of what was read", ranked, lambda day: day.change_rate,
        lambda values: part_scale(min((one for one in values if one > 0), default=0)),
    )  # fmt: skip
    yield _saved(ranked)


def daily(client: ClientReport, total: int, value: Callable[[Day], float | None]) -> Values:
    """Return a value for each of `total` days, None on those without."""
    known = {day.number: value(day) for day in client.days}
    return [known.get(number) for number in range(total)]


def held(values: Sequence[float | None]) -> Values:
    """Let each value hold until the next is known."""
    last, found = None, []
    for value in values:
        last = last if value is None else value
        found.append(last)
    return found


def _bars(
    report: HouseReport,
    title: str,
    ranked: Sequence[ClientReport],
    scale: Callable[[float], Scale],
    value: Callable[[Day], float | None],
    *,
    gap: float,
    is_level: bool = False,
) -> Markup:
    total = len(report.starts)
    known = [(client.client, daily(client, total, value)) for client in ranked]
    rows = [(name, held(values) if is_level else values) for name, values in known]
    series = [
        Series(name=name, kind=f"c{index}", values=values) for index, (name, values) in enumerate(rows[:_COLOURS])
    ]
    if others := [values for _, values in rows[_COLOURS:]]:
        sums = [sum(filter(None, day)) for day in zip(*others, strict=True)]
        series.append(Series(name=count(len(others), "other"), kind="others", values=sums))
    most = max(sum(filter(None, day)) for day in zip(*(one.values for one in series), strict=True))
    return _card(title, stacked(title, _axes(report, scale(most)), series, gap=gap))


def _lines(
    report: HouseReport,
    title: str,
    ranked: Sequence[ClientReport],
    value: Callable[[Day], float | None],
    scale: Callable[[Sequence[float]], Scale],
) -> Markup:
    total = len(report.starts)
    series = [
        Series(name=client.client, kind=f"c{index}", values=daily(client, total, value))
        for index, client in enumerate(ranked[:_COLOURS])
    ]
    known = [one for each in series for one in each.values if one is not None] or [0.0]
    more = len(ranked) - len(series)
    shown = f"{title} (the {_COLOURS} largest clients)" if more else title
    return _card(shown, lines(shown, _axes(report, scale(known)), series))


def _outcomes(report: HouseReport) -> Markup:
    days: list[list[Day]] = [[] for _ in report.starts]
    for client in report.clients:
        for day in client.days:
            days[day.number].append(day)
    series = [
        Series(
            name=name,
            kind=kind,
            values=[sum(one.outcomes.get(each, 0) for one in day for each in those) for day in days],
        )
        for name, kind, those in _OUTCOMES
    ]
    most = max(sum(filter(None, day)) for day in zip(*(one.values for one in series), strict=True))
    return _card("Backups per day", stacked("Backups per day", _axes(report, count_scale(most)), series, gap=0.25))


def _saved(ranked: Sequence[ClientReport]) -> Markup:
    rows = []
    for client in ranked[:_COLOURS]:
        if client.repository is None or not client.repository.total_size:
            continue
        plain, packed, kept = (
            client.repository.total_size,
            client.repository.total_csize,
            client.repository.unique_csize,
        )
        words = f"{size(kept)} for {size(plain)}: {percent(client.saved)} saved"
        parts = (kept / plain, (packed - kept) / plain, (plain - packed) / plain)
        rows.append(Row(name=client.client, words=words, parts=parts))
    return _card("Space saved", parts_of_wholes("Space saved", _PARTS, rows))


def _axes(report: HouseReport, scale: Scale) -> Axes:
    return Axes(starts=report.starts, zone=report.zone, scale=scale)


def _card(title: str, drawing: Markup) -> Markup:
    return element("article", element("h2", title), drawing, class_="card")
