"""`borgpull files`: what an archive holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from appliance.cli.archives import listed_archives
from appliance.cli.matching import insist_matching, insist_sound_paths
from appliance.cli.present_archives import file_line
from appliance.cli.question import ask
from appliance.cli.readable import did_you_mean, safe
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.errors import NotFoundError
from appliance.plan.age import recency

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from appliance.config.model import Client
    from appliance.record import ArchiveStats

LATEST = "latest"


@click.command()
@click.argument("name")
@click.argument("archive")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list, one object a file.")
@in_surroundings
def files(world: Surroundings, name: str, archive: str, paths: tuple[str, ...], *, for_programs: bool) -> None:
    """List the files of an archive, all or those below PATHs. ARCHIVE may be `latest`.

    Example: borgpull files web1 latest /etc
    """
    client = known_client(world.load(), name)
    insist_sound_paths(paths)
    chosen = archive_name(world, client, archive)
    inside = tuple(path.strip("/") for path in paths)
    items = (as_file(item) for item in ask(world, client, "files", chosen, *inside))
    count = say_list(items) if for_programs else _say_lines(items)
    if not count and inside:
        insist_matching(world, client, chosen, inside)
        shown = ", ".join(repr(safe(path)) for path in inside)
        raise NotFoundError(f"{chosen} holds nothing at {shown}; `borgpull files {name} {chosen}` lists everything")


def as_file(item: Mapping[str, Any]) -> dict[str, Any]:
    """Turn what Borg says of a file into what we say of it."""
    found = {key: item.get(key) for key in ("type", "mode", "user", "group", "uid", "gid", "size")}
    target = item.get("linktarget") or item.get("source") or ""
    return found | {"mtime": item.get("isomtime") or item.get("mtime"), "path": item["path"], "target": target}


def archive_name(world: Surroundings, client: Client, archive: str) -> str:
    """Find the archive's full name; the repository is asked only for what the ledger does not know."""
    if archive == LATEST:
        latest = latest_archive(world, client.name)
        if latest is None:
            raise NotFoundError(f"{client.name} has no archive yet; `borgpull run {client.name}` makes the first one")
        return latest.name
    known = [entry.archive.name for entry in world.journal().archives(client.name)]
    if archive in known:
        return archive
    listed = [name for name, _, _ in listed_archives(world, client)]
    if archive in listed:
        return archive
    hint = did_you_mean(archive, [*known, *listed]) or f" `borgpull archives {client.name}` lists them."
    raise NotFoundError(f"{client.name} has no archive {archive!r}.{hint}")


def latest_archive(world: Surroundings, client: str) -> ArchiveStats | None:
    """Return the newest archive of the client's ledger; one that is dated ahead only where all are."""
    now = world.clock.now()
    archives = [entry.archive for entry in world.journal().archives(client)]
    return max(reversed(archives), key=lambda archive: recency(archive.started, now), default=None)


def _say_lines(items: Iterator[Mapping[str, Any]]) -> int:
    count = 0
    for count, item in enumerate(items, start=1):  # noqa: B007 - the last number is how many there were
        click.echo(file_line(item))
    return count


def say_list(items: Iterator[Mapping[str, Any]]) -> int:
    """Print one JSON list as it comes: an archive may hold millions of files."""
    count = 0
    click.echo("[", nl=False)
    for count, item in enumerate(items, start=1):
        click.echo(f"{',' if count > 1 else ''}\n{json.dumps(dict(item))}", nl=False)
    click.echo("\n]")
    return count
