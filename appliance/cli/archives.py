"""`borgpull archives`: what really stands in a client's repository, beside what the ledger vouches for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from appliance.cli.present_archives import archives_page, joined
from appliance.cli.question import ask
from appliance.cli.readable import say_json, show
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from appliance.config.model import Client


@click.command()
@click.argument("name")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list, one object an archive.")
@in_surroundings
def archives(world: Surroundings, name: str, *, for_programs: bool) -> None:
    """List the archives in the repository of a client. Exit code 3 when a good one is missing.

    Example: borgpull archives web1
    """
    appliance = world.load()
    client = known_client(appliance, name)
    store = world.journal()
    # The ledger is read first: an archive made in between is then not yet vouched for, and none is falsely missing.
    vouched = store.archives(name)
    is_new = not vouched and store.repository(name) is None
    told = [] if is_new else list(ask(world, client, "archives"))
    pruned = {str(one) for item in told for one in item.get("pruned", ())}
    found = joined(_listed(told), [entry for entry in vouched if entry.archive.id not in pruned])
    if for_programs:
        say_json([archive.to_json() for archive in found])
    else:
        show(archives_page(found, appliance.timezone))
    if any(archive.is_missing for archive in found):
        click.get_current_context().exit(ExitCode.FAILED)


def listed_archives(world: Surroundings, client: Client) -> Iterator[tuple[str, str, datetime]]:
    """Ask the repository for its archives: name, id and start."""
    yield from _listed(ask(world, client, "archives"))


def _listed(told: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str, datetime]]:
    for item in told:
        if "name" not in item:
            continue
        started = datetime.fromisoformat(str(item["started"]))
        yield str(item["name"]), str(item["id"]), started if started.tzinfo else started.replace(tzinfo=UTC)
