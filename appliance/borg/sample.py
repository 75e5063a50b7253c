"""What a drill asks Borg of an archive, and how it brings a sample of it back; runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.borg.command import REPOSITORY, Command, borg

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan

# Enough to choose by; a million times each key counts.
_CHOICE = "{type}{mode}{path}{source}{size}"
# Borg reads the content for the last one, from the same chunks that it extracts.
_WHOLE = "{type}{mode}{path}{source}{size}{isomtime}{sha256}"


def list_choice(plan: RunPlan, archive: str) -> Command:
    """List everything in an archive with what a sample is chosen by, a JSON object a line."""
    return borg(plan, "list", "--json-lines", "--format", _CHOICE, f"{REPOSITORY}::{archive}")


def list_sample(plan: RunPlan, archive: str, paths: tuple[str, ...]) -> Command:
    """List exactly these paths with all that a drill compares, the content as a SHA-256, a JSON object a line."""
    where = f"{REPOSITORY}::{archive}"
    return borg(plan, "list", "--json-lines", "--format", _WHOLE, where, "--", *(f"pf:{path}" for path in paths))


def extract_sample(plan: RunPlan, archive: str, paths: tuple[str, ...]) -> Command:
    """Extract exactly these paths into the working folder.

    Without attributes: what the file system of a drill can hold says nothing of that of a restore.
    """
    options = ("--list", "--sparse", "--noacls", "--noxattrs", "--noflags")
    where = f"{REPOSITORY}::{archive}"
    return borg(plan, "extract", *options, where, "--", *(f"pf:{path}" for path in paths), options=("--progress",))
