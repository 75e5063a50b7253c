"""`borgpull diff`: what is different between two archives."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from appliance.cli.files import archive_name, say_list
from appliance.cli.matching import insist_sound_paths
from appliance.cli.question import ask
from appliance.cli.readable import safe, size
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Borg's words for what a change is about, and ours.
_ADDED = ("added", "added directory", "added link", "added chrdev", "added blkdev", "added fifo")
_REMOVED = tuple(word.replace("added", "removed") for word in _ADDED)


@click.command()
@click.argument("name")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list, one object a path, as Borg has it.")
@in_surroundings
def diff(
    world: Surroundings, name: str, first: str, second: str, paths: tuple[str, ...], *, for_programs: bool
) -> None:
    """Say what is different in archive B, compared with archive A. Either may be `latest`.

    The exit code is 0 whether or not there is a difference.

    Example: borgpull diff web1 web1-2026-11-22T02:17:00 latest etc
    """
    client = known_client(world.load(), name)
    insist_sound_paths(paths)
    one, other = (archive_name(world, client, archive) for archive in (first, second))
    items = ask(world, client, "diff", one, other, *(path.strip("/") for path in paths))
    if for_programs:
        say_list(items)
        return
    _say_changes(items, one, other)


def _say_changes(items: Iterator[Mapping[str, Any]], one: str, other: str) -> None:
    kinds: Counter[str] = Counter()
    more = less = 0
    for item in items:
        changes = item.get("changes") or []
        kinds[_kind(changes)] += 1
        more += sum(_number(change, "added") + _whole(change, _ADDED) for change in changes)
        less += sum(_number(change, "removed") + _whole(change, _REMOVED) for change in changes)
        said = ", ".join(filter(None, map(change_words, changes)))
        click.echo(f"{_kind(changes):8} {safe(str(item.get('path')))}{f'  ({said})' if said else ''}")
    if not kinds:
        click.echo(f"{safe(one)} and {safe(other)} hold the same.")
        return
    counted = ", ".join(f"{kinds[kind]} {kind}" for kind in ("added", "removed", "changed") if kinds[kind])
    click.echo(f"{counted}; {size(more)} new, {size(less)} gone.")


def _kind(changes: list[Mapping[str, Any]]) -> str:
    words = {str(change.get("type")) for change in changes}
    return "added" if words & set(_ADDED) else "removed" if words & set(_REMOVED) else "changed"


def change_words(change: Mapping[str, Any]) -> str:
    """Say one change of a path."""
    word = str(change.get("type"))
    match word:
        case "modified":
            if "added" in change:
                return f"content: {size(_number(change, 'added'))} new, {size(_number(change, 'removed'))} gone"
            return "content"
        case "mode" | "owner":
            return f"{word}: {_before(change, word)} to {_after(change, word)}"
        case "ctime" | "mtime":
            return f"{word}: {safe(str(change.get(f'old_{word}')))} to {safe(str(change.get(f'new_{word}')))}"
        case _ if word in _ADDED or word in _REMOVED:
            about = word.partition(" ")[2]
            return about or size(int(change.get("size") or 0))
        case _:
            return safe(word)


def _before(change: Mapping[str, Any], word: str) -> str:
    if word == "owner":
        return safe(f"{change.get('old_user')}:{change.get('old_group')}")
    return safe(str(change.get("old_mode")))


def _after(change: Mapping[str, Any], word: str) -> str:
    if word == "owner":
        return safe(f"{change.get('new_user')}:{change.get('new_group')}")
    return safe(str(change.get("new_mode")))


def _number(change: Mapping[str, Any], key: str) -> int:
    found = change.get(key)
    return found if isinstance(found, int) else 0


def _whole(change: Mapping[str, Any], words: tuple[str, ...]) -> int:
    return _number(change, "size") if change.get("type") in words else 0
