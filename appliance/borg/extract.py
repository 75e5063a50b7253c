"""`borg extract` as a command, here or on the client; each path is named before it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.borg.command import LOCK_WAIT_SECONDS, REPOSITORY, Command, borg
from appliance.borg.create import client_environment
from appliance.borg.exact import exactly
from appliance.borg.export import in_style
from appliance.plan import places

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan

# What `list_standing` asks of each file: enough to know one again that an earlier restore has finished.
_STANDING = "{type}{path}{size}{isomtime}{source}"


def extract(
    plan: RunPlan,
    archive: str,
    paths: tuple[str, ...],
    *,
    without: tuple[str, ...] = (),
    without_file: str = "",
) -> Command:
    """Extract into the working folder all of an archive, or what paths and patterns name.

    `without` are exact paths that are left out, `without_file` names a file with more of them, a pattern a line.
    """
    return borg(
        plan,
        "extract",
        "--list",
        "--sparse",
        *(word for path in without for word in ("--exclude", exactly(path))),
        *(("--exclude-from", without_file) if without_file else ()),
        f"{REPOSITORY}::{archive}",
        "--",
        *in_style(paths),
        options=("--progress",),
    )


def list_paths(plan: RunPlan, archive: str, paths: tuple[str, ...] = ()) -> Command:
    """List the path of everything in an archive, or of what paths and patterns name, a JSON object a line."""
    where = f"{REPOSITORY}::{archive}"
    return borg(plan, "list", "--json-lines", "--format", "{path}", where, "--", *in_style(paths))


def list_kinds(plan: RunPlan, archive: str, paths: tuple[str, ...]) -> Command:
    """List kind, path and link of everything that `extract` would bring, a JSON object a line."""
    where = f"{REPOSITORY}::{archive}"
    return borg(plan, "list", "--json-lines", "--format", "{type}{path}{source}", where, "--", *in_style(paths))


def list_standing(plan: RunPlan, archive: str, paths: tuple[str, ...]) -> Command:
    """List kind, path, size, time and link of everything that `extract` would bring, a JSON object a line."""
    where = f"{REPOSITORY}::{archive}"
    return borg(plan, "list", "--json-lines", "--format", _STANDING, where, "--", *in_style(paths))


def extract_on_client(
    archive: str,
    paths: tuple[str, ...],
    *,
    base: str,
    rsh: str,
    options: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
) -> Command:
    """Extract on the client into its shell's working folder; the passphrase comes as descriptor 9.

    A part goes by the names of owners that the client knows, everything by the archive's numbers, as on Borg's page.
    `without` are patterns of what is left out.
    """
    argv = (
        *("borg", "--lock-wait", str(LOCK_WAIT_SECONDS), "--log-json", "--progress", "extract", "--list", "--sparse"),
        *(() if paths else ("--numeric-ids",)),
        *options,
        *(word for pattern in without for word in ("--exclude", pattern)),
        f"{places.REMOTE_LOCATION}::{archive}",
        "--",
        *in_style(paths),
    )
    return Command(argv=argv, env=client_environment(base, rsh))
