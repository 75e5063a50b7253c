"""`borg export-tar` as a command, for restores that write what it prints."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from appliance.borg.command import REPOSITORY, Command, borg
from appliance.borg.exact import exactly

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan

_PATTERNS = ("fm:", "sh:", "re:", "pp:", "pf:")


def export_tar(plan: RunPlan, archive: str, paths: tuple[str, ...], *, without: tuple[str, ...] = ()) -> Command:
    """Print an archive as a tar: all of it, or what the paths and patterns name and the folders on the way there.

    Those folders are needed where they have to be made, so that they get the owner and the mode they had.
    """
    return borg(plan, "export-tar", *_what(archive, paths, without, "-"))


def name_files(plan: RunPlan, archive: str, paths: tuple[str, ...], *, without: tuple[str, ...]) -> Command:
    """Read what `export_tar` would print, throw it away and name each file before it is read."""
    return borg(plan, "export-tar", "--list", *_what(archive, paths, without, "/dev/null"))


def _what(archive: str, paths: tuple[str, ...], without: tuple[str, ...], into: str) -> tuple[str, ...]:
    return (
        *(word for path in without for word in ("--exclude", exactly(path))),
        f"{REPOSITORY}::{archive}",
        into,
        "--",
        *in_style(paths),
        *(f"pf:{folder}" for folder in folders_on_the_way(paths)),
    )


def is_pattern(path: str) -> bool:
    """Whether Borg takes it for a pattern, and not for a path."""
    return path.startswith(_PATTERNS)


def in_style(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Write each path so that Borg takes it for exactly that, and leave patterns as they are."""
    return tuple(path if path.startswith(_PATTERNS) else f"pp:{path.strip('/')}" for path in paths)


def stream_tar(plan: RunPlan, archive: str, paths: tuple[str, ...]) -> Command:
    """Print a tar for whoever asked, and say how far it is."""
    where = f"{REPOSITORY}::{archive}"
    return borg(plan, "export-tar", "--list", where, "-", "--", *in_style(paths), options=("--progress",))


def folders_on_the_way(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the folders above plain paths that are not asked for themselves; of patterns nobody knows them."""
    plain = [PurePosixPath(_bare(path)) for path in paths if not path.startswith(_PATTERNS[:3])]
    above = {folder for path in plain for folder in path.parents} - {PurePosixPath()}
    return tuple(sorted(str(folder) for folder in above if not any(folder.is_relative_to(path) for path in plain)))


def _bare(path: str) -> str:
    return path.removeprefix("pp:").removeprefix("pf:").strip("/")
