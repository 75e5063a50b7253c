"""What is in archives, and what is different between two of them: `borg list` and `borg diff`, a JSON object a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from appliance.borg.command import REPOSITORY, Command, borg
from appliance.borg.export import in_style, is_pattern
from appliance.errors import StateError
from appliance.plan.sample import Member

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan

# What somebody wants to know of a file, and no more: a million times each key counts.
_FILE = "{type}{mode}{user}{group}{uid}{gid}{path}{source}{linktarget}{size}{isomtime}"
_GLOBS = frozenset("*?[")
_UNTOLD = "?"


def list_files(plan: RunPlan, archive: str, paths: tuple[str, ...]) -> Command:
    """List what is in an archive: all, or what paths and patterns name."""
    where = f"{REPOSITORY}::{archive}"
    return borg(plan, "list", "--json-lines", "--format", _FILE, where, "--", *in_style(paths))


def read_member(line: str) -> Member | None:
    """Read a line of `list_files`: a regular file with its own content that Borg can be asked for by name, or None.

    Raises StateError when it is no such line.
    """
    try:
        fields = json.loads(line)
        # A further name of a file that came before has no content of its own. In a name that is no UTF-8 Borg writes a
        # question mark for each such byte (its remove_surrogates), and then finds no file of that name, without a word.
        is_wanted = fields["type"] == "-" and _UNTOLD not in fields["path"]
        return Member(fields["path"], fields["size"]) if is_wanted else None
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(f"Borg's list of files cannot be read ({error!r})") from error


def diff(plan: RunPlan, first: str, second: str, paths: tuple[str, ...]) -> Command:
    """List what is different in the second archive."""
    where = f"{REPOSITORY}::{first}"
    return borg(plan, "diff", "--json-lines", "--sort", where, second, "--", *in_style(paths))


def as_pattern(wanted: str) -> str:
    """Turn what an operator types into a pattern of Borg: a name without a slash is looked for in every folder."""
    if is_pattern(wanted):
        return wanted
    inside = wanted.strip("/")
    if "/" not in inside and not wanted.startswith("/"):
        return f"sh:**/{inside}"
    return f"sh:{inside}" if _GLOBS & set(inside) else f"pf:{inside}"
