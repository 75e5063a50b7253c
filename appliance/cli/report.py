"""`borgpull report`: how the backups went over a number of days."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from appliance.cli.present_report import report_json, report_page
from appliance.cli.readable import say_json, show
from appliance.cli.status import statuses
from appliance.cli.surroundings import Surroundings, in_surroundings, names_and_zone
from appliance.errors import BorgpullError, ConfigError
from appliance.plan.days import day_starts, days_covered, fold
from appliance.plan.report import MONTH, YEAR, ClientReport, HouseReport

# The journal keeps a little more than that.
_MOST_DAYS = 400
_STANDARD_OUTPUT = "-"


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--days", type=click.IntRange(1, _MOST_DAYS), default=MONTH, show_default=True, help="How many days.")
@click.option(
    "--html",
    "page",
    metavar="[FILE]",
    is_flag=False,
    flag_value=_STANDARD_OUTPUT,
    help="Write a page with plots, ready to print, to FILE or to standard output.",
)
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON object.")
@in_surroundings
def report(world: Surroundings, names: tuple[str, ...], *, days: int, page: str | None, for_programs: bool) -> None:
    """Show how the backups went: growth, durations, change rate, savings, days covered.

    It reads the journal only, never a repository. A day begins at midnight in the appliance's time zone.

    Example: borgpull report --days 90
    Or: borgpull report --html > report.html
    """
    if page is not None and for_programs:
        raise click.UsageError("--html and --json are two forms of the same; choose one.")
    if page == _STANDARD_OUTPUT and sys.stdout.isatty():
        raise click.UsageError(
            "--html writes a page to standard output, which is a terminal here: add `> FILE`, and -T to "
            "`docker compose exec`."
        )
    found = house_report(world, names, days)
    if for_programs:
        say_json(report_json(found))
    elif page is None:
        show(report_page(found))
    else:
        _write(page, _html(found))


def house_report(world: Surroundings, names: tuple[str, ...], days: int) -> HouseReport:
    """Fold configuration and journal; every client when none is named. Raises NotFoundError for an unknown name."""
    store, now = world.journal(), world.clock.now()
    _, zone = names_and_zone(world)
    starts, year = day_starts(now, zone, days), day_starts(now, zone, YEAR)
    told = statuses(world, store, names)
    histories = store.last_runs()
    folded = fold(store.glances(starts[0]), starts)
    covered = days_covered(store.good_starts(year[0]), year)
    clients = []
    for one in told:
        history, good_days = histories.get(one.client), covered.get(one.client, set())
        success = history.last_success if history else None
        clients.append(
            ClientReport(
                client=one.client,
                state=one.state,
                archives=one.archives,
                last_success=one.last_success,
                repository=success.repository if success else None,
                covered_month=sum(number >= YEAR - MONTH for number in good_days),
                covered_year=len(good_days),
                days=folded.get(one.client, ()),
            )
        )
    return HouseReport(name=_name(world), made=now, zone=zone, starts=starts, clients=tuple(clients))


def _name(world: Surroundings) -> str:
    try:
        return world.load().settings.name
    except ConfigError:
        return "borgpull"


def _html(found: HouseReport) -> str:
    from appliance.cli.drawing.page import page  # noqa: PLC0415 - nobody else draws

    return page(found)


def _write(place: str, text: str) -> None:
    if place == _STANDARD_OUTPUT:
        click.echo(text, nl=False)
        return
    path = Path(place)
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise BorgpullError(
            f"the report cannot be written to {path}: {error.strerror}; `--html > FILE` writes it on your side"
        ) from error
    click.echo(str(path), err=True)
