"""A Borg command as a value, and what all commands have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from appliance.plan import places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.plan.run_plan import RunPlan

REPOSITORY = str(places.REPOSITORY)
# Long enough for an operator's `borg list`, short enough that a forgotten lock is reported the same night.
LOCK_WAIT_SECONDS = 60
LOCK_OWNER = "borgpull-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One Borg process: argv and environment. The passphrase goes through a file descriptor, never in here (S5)."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


def borg(plan: RunPlan, verb: str, *arguments: str, options: tuple[str, ...] = ()) -> Command:
    """Build the command for one verb with the options that every verb gets."""
    common = ("--lock-wait", str(LOCK_WAIT_SECONDS), "--log-json", "--umask", plan.umask)
    return Command(argv=("borg", *common, *options, verb, *arguments), env=environment(plan))


def host_id(appliance_id: str, run_id: str) -> str:
    """Name the owner of Borg's locks: unique for every run.

    Borg calls a lock its own when host id, process and thread match, and processes of different containers have the
    same numbers; so a shared id would let one run take, or break, the lock of another
    (borg `locking.py`, nextcloud/all-in-one#2417).
    """
    return f"{lock_prefix(appliance_id)}{run_id}"


def lock_prefix(appliance_id: str) -> str:
    """Start of the lock owner's name of every run of this appliance."""
    return f"{LOCK_OWNER}{appliance_id}-"


def environment(plan: RunPlan) -> dict[str, str]:
    """Everything Borg needs to know from its environment; nothing is inherited."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        # Borg prints naive local times and turns names to '?' in the C locale.
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "BORG_EXIT_CODES": "modern",
        "BORG_BASE_DIR": str(places.CACHE),
        "HOME": str(places.CACHE),
        "TMPDIR": str(places.CACHE),
        "BORG_HOST_ID": host_id(plan.appliance_id, plan.run_id),
        "BORG_HOSTNAME": plan.client,
        "BORG_USERNAME": "borgpull",
        # The image's Borg was tested when the image was made; each self-test costs 0.2 s at every start.
        "BORG_SELFTEST": "disabled",
        # Never a question: what Borg would ask (moved, replayed, unknown repository) must fail and reach the operator.
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "no",
        "BORG_RELOCATED_REPO_ACCESS_IS_OK": "no",
        "BORG_FILES_CACHE_TTL": "60",
    }
