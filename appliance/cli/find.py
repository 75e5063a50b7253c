"""`borgpull find`: every version of a file, over all archives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from appliance.borg.search import as_pattern
from appliance.cli.files import archive_name, as_file, say_list
from appliance.cli.matching import insist_sound_paths
from appliance.cli.present_archives import file_line
from appliance.cli.question import ask
from appliance.cli.readable import count, safe
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@click.command()
@click.argument("name")
@click.argument("pattern")
@click.option("--archive", "archives", metavar="ARCHIVE", multiple=True, help="Look into this one only; repeatable.")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list, one object a version.")
@in_surroundings
def find(world: Surroundings, name: str, pattern: str, archives: tuple[str, ...], *, for_programs: bool) -> None:
    """Find every version of the files that PATTERN names, the newest first.

    A name without a slash is looked for in every folder, with `*` and `?` as in a shell; Borg's own styles (sh:, re:,
    fm:, pp:) work too. All archives are looked into, which takes as long as listing each of them.

    Example: borgpull find web1 '*.conf'

    Or: borgpull find web1 etc/fstab
    """
    client = known_client(world.load(), name)
    insist_sound_paths((pattern,))
    wanted = tuple(archive_name(world, client, one) for one in archives)
    found = ask(world, client, "find", as_pattern(pattern), *wanted)
    versions = (as_version(item) for item in found)
    seen = say_list(versions) if for_programs else _say_versions(versions)
    if not seen:
        places = "these archives" if wanted else "any archive"
        raise NotFoundError(f"{name} has nothing that {safe(pattern)!r} names in {places}.")


def as_version(item: Mapping[str, Any]) -> dict[str, Any]:
    """Turn one version into what we say of it: the file, and the archives that have it."""
    return as_file(item) | {key: item[key] for key in ("first", "last", "archives")}


def _say_versions(versions: Iterator[Mapping[str, Any]]) -> int:
    paths: set[str] = set()
    seen = 0
    for seen, one in enumerate(versions, start=1):  # noqa: B007 - the last number is how many there were
        paths.add(str(one["path"]))
        click.echo(f"{file_line(one)}  ({_where(one)})")
    if seen:
        click.echo(f"{count(seen, 'version')} of {count(len(paths), 'path')}.")
    return seen


def _where(one: Mapping[str, Any]) -> str:
    if one["archives"] == 1:
        return safe(str(one["last"]))
    return f"{safe(str(one['first']))} to {safe(str(one['last']))}, {one['archives']} archives"
