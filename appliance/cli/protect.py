"""`borgpull protect`: archives that no prune deletes, whatever `keep` says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from appliance.cli.files import LATEST, latest_archive
from appliance.cli.readable import did_you_mean, say_json
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.errors import NotFoundError
from appliance.plan.retention import protected_fact

if TYPE_CHECKING:
    from appliance.config.model import Client


@click.command()
@click.argument("name")
@click.argument("archive", required=False)
@click.option("--remove", is_flag=True, help="Let the rules of `keep` decide about it again.")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON object with all that is protected.")
@in_surroundings
def protect(world: Surroundings, name: str, archive: str | None, *, remove: bool, for_programs: bool) -> None:
    """Keep an archive for ever, whatever `keep` says; without ARCHIVE, list those. ARCHIVE may be `latest`.

    Example: borgpull protect web1 latest
    """
    client, store = known_client(world.load(), name), world.journal()
    names: list[str] = json.loads(store.fact(protected_fact(name)) or "[]")
    chosen = None if archive is None else _known(world, name, archive, names)
    if chosen is not None:
        names = [one for one in names if one != chosen] + ([] if remove else [chosen])
        store.set_fact(protected_fact(name), json.dumps(sorted(names)))
    if for_programs:
        say_json({"client": name, "archives": sorted(names), "patterns": list(client.protect)})
    elif chosen is not None:
        click.echo(_done(client, chosen, remove=remove))
    else:
        _list(client, sorted(names))


def _known(world: Surroundings, name: str, archive: str, names: list[str]) -> str:
    """Return the archive's full name; raises NotFoundError where the ledger does not know it."""
    if archive == LATEST and (latest := latest_archive(world, name)):
        return latest.name
    known = [entry.archive.name for entry in world.journal().archives(name)]
    if archive in (*known, *names):
        return archive
    hint = did_you_mean(archive, known)
    raise NotFoundError(f"{name} has no archive {archive!r} in its ledger.{hint} `borgpull archives {name}` lists them")


def _done(client: Client, archive: str, *, remove: bool) -> str:
    if not remove:
        return f"{archive} is kept for ever; `borgpull protect {client.name} {archive} --remove` ends that."
    return f"{archive} is kept only as long as `keep` and `protect` of {client.name} say."


def _list(client: Client, names: list[str]) -> None:
    if not names and not client.protect:
        click.echo(f"No archive of {client.name} is protected.")
    for one in names:
        click.echo(one)
    for pattern in client.protect:
        click.echo(f"{pattern} (in the configuration)")
