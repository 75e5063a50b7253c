"""`borg check` of the files, and reading an archive whole without writing anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from appliance.borg.command import REPOSITORY, Command, borg

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan

# Borg writes down in the repository's config how far a look in parts has come.
_GOES_ON = re.compile(r"^\s*last_segment_checked\s*=", re.MULTILINE)


def check_files(plan: RunPlan, *, seconds: int = 0) -> Command:
    """Read the checksums of all segments; with `seconds`, no longer than that, from where the last look ended."""
    budget = ("--max-duration", str(seconds)) if seconds else ()
    return borg(plan, "check", "--repository-only", *budget, REPOSITORY)


def read_whole(plan: RunPlan, archive: str) -> Command:
    """Read every piece of an archive, decrypt it and compare it with its id; nothing is written.

    Not `check --verify-data`, which reads the whole repository whatever archives are named.
    """
    return borg(plan, "extract", "--dry-run", f"{REPOSITORY}::{archive}")


def is_unfinished(config: str) -> bool:
    """Whether a look in parts has not come to the end, by the text of the repository's config."""
    return _GOES_ON.search(config) is not None
