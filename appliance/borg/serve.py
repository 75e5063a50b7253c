"""`borg serve`: the repository for a Borg that runs on the client, and nothing else of this container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.borg.command import REPOSITORY, Command, environment

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan


def serve(plan: RunPlan) -> Command:
    """Build the command: this repository alone, append-only, and never larger than the plan allows.

    Append-only forbids only compaction (borg docs/usage/notes.rst): a client can still delete its archives, but until
    the next compact that can be taken back; the ledger gate stands before that.
    """
    quota = ("--storage-quota", str(plan.storage_quota)) if plan.storage_quota else ()
    argv = ("borg", "serve", "--append-only", "--restrict-to-repository", REPOSITORY, *quota, "--umask", plan.umask)
    return Command(argv=argv, env=environment(plan))
