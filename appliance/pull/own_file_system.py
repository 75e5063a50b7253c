"""Which file system shows the client's files of a run: our own, or stock sshfs."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from appliance.plan.run_plan import NEVER, REQUIRE

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan

# FUSE 7.23, without which ours cannot answer (pullfs/wire.py). Some NAS still run 3.10.
OLDEST_LINUX = (3, 15)


def is_listed(plan: RunPlan, release: str = "") -> bool:
    """Whether the client's files are listed and shown by our own file system.

    With listing = "auto" they are not where the kernel is too old for it; with "require" that ends the run. `release`
    is the kernel's, as uname says it; this machine's where it is "".
    """
    if plan.method != "sshfs" or plan.listing == NEVER:
        return False
    return plan.listing == REQUIRE or not _is_too_old(release or os.uname().release)


def _is_too_old(release: str) -> bool:
    numbers = re.match(r"(\d+)\.(\d+)", release)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) < OLDEST_LINUX
