"""What bounds the repository itself: room that Borg leaves free, so that it can always delete, and a quota."""

from __future__ import annotations

import configparser
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.borg import repository as verbs
from appliance.plan import places
from appliance.pull import repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.plan.run_plan import RunPlan

_ROOT = Path(places.REPOSITORY)
# As Borg calls them in the repository's configuration.
_RESERVE, _QUOTA = "additional_free_space", "storage_quota"
# From so many times the reserve on, what a prune needs for a moment touches it.
_AMPLE = 3


def settle(plan: RunPlan) -> None:
    """Have Borg fail, and take back what it wrote, before the volume or the quota is used up; raises Failure."""
    _write(plan, {_RESERVE: plan.reserve, _QUOTA: plan.quota})


def lift(plan: RunPlan) -> None:
    """Let a prune have what it needs, which the next backup bounds again: deleting takes room before it gives any."""
    nearly_full = shutil.disk_usage(_ROOT).free < _AMPLE * plan.reserve
    _write(plan, {_QUOTA: 0} | ({_RESERVE: 0} if nearly_full else {}))


def changes(config: str, wanted: Mapping[str, int]) -> Mapping[str, int]:
    """Return which options are to be written: each takes a Borg of its own, so only where it changes anything."""
    there = configparser.ConfigParser(interpolation=None)
    there.read_string(config)
    return {
        option: value for option, value in wanted.items() if there.get("repository", option, fallback="0") != str(value)
    }


def _write(plan: RunPlan, wanted: Mapping[str, int]) -> None:
    config = (_ROOT / "config").read_text("utf-8")
    for option, value in changes(config, wanted).items():
        repository.borg(plan, verbs.configure(plan, option, value))
