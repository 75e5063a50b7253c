"""Whether what is to be restored is in the archive at all; asked before anything is made or begun."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from appliance.cli.question import ask
from appliance.cli.readable import safe
from appliance.errors import NotFoundError
from appliance.plan.operations import MATCH

if TYPE_CHECKING:
    from appliance.cli.surroundings import Surroundings
    from appliance.config.model import Client

_GLOBS = frozenset("*?[")


def insist_sound_paths(paths: tuple[str, ...]) -> None:
    """Refuse what can name nothing in any archive; raises UsageError."""
    for path in paths:
        if not path.strip("/"):
            raise click.UsageError("To restore everything, name no path.")
        if ".." in path.split("/"):
            raise click.UsageError(f"{path} has a `..`; name the path as `borgpull files` shows it.")
        if path.startswith("re:"):
            try:
                re.compile(path.removeprefix("re:"))
            except re.error as error:
                raise click.UsageError(f"{path} is no regular expression ({error}).") from error


def insist_matching(world: Surroundings, client: Client, archive: str, paths: tuple[str, ...]) -> None:
    """Insist that each path or pattern names something there; raises NotFoundError with the nearest paths."""
    if not paths:
        return
    for item in ask(world, client, MATCH, archive, *paths):
        if not item.get("found", True):
            raise NotFoundError(_sentence(archive, str(item["path"]), [str(path) for path in item.get("near", ())]))


def _sentence(archive: str, path: str, near: list[str]) -> str:
    nothing = f"{archive} holds nothing at {safe(path)!r}."
    if near:
        return f"{nothing} Did you mean {' or '.join(repr(safe(one)) for one in near)}?"
    if _GLOBS & set(path) and ":" not in path[:3]:
        return f"{nothing} Is it a pattern? Then write 'sh:{safe(path)}', or 'sh:**/{safe(path)}' for any folder."
    return f"{nothing} `borgpull files` lists what it holds."
