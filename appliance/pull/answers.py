"""Questions that need no run: what archives and files there are, the repository's key, a machine's host keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.borg import exits, search
from appliance.borg import repository as verbs
from appliance.plan.events import Result
from appliance.pull import execute, ledger, repository
from appliance.pull.restores.listening import borg_running
from appliance.pull.scan import shown
from appliance.record import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.borg.command import Command
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.voice import Voice


def archives(plan: RunPlan, voice: Voice) -> Result:
    """Every archive under a final name."""
    found = repository.look(plan)
    for entry in found.archives:
        voice.data({"name": entry.name, "id": entry.id, "started": entry.started.isoformat()})
    # Not missing, but deleted by a prune of ours that was cut off before the ledger heard of it.
    voice.data({"pruned": list(ledger.gone_by_our_prune(plan, found.archives))})
    return Result(outcome=Outcome.SUCCESS, archives=found.archives)


def files(plan: RunPlan, voice: Voice) -> Result:
    """Every file of an archive (first argument) below the given paths (the others), as it comes from Borg."""
    archive, *paths = plan.arguments
    repository.look(plan)
    voice.items(lines_of(plan, search.list_files(plan, archive, tuple(paths))))
    return Result(outcome=Outcome.SUCCESS)


def diff(plan: RunPlan, voice: Voice) -> Result:
    """What is different between two archives (the first arguments) below the given paths (the others)."""
    first, second, *paths = plan.arguments
    repository.look(plan)
    voice.items(lines_of(plan, search.diff(plan, first, second, tuple(paths))))
    return Result(outcome=Outcome.SUCCESS)


def lines_of(plan: RunPlan, command: Command) -> Iterator[str]:
    """Yield what Borg prints, a line at a time as it comes; raises Failure where it did not come to its end."""
    with borg_running(command, stdout=execute.PIPE) as process:
        # Borg's JSON is ASCII, so that names of any encoding are whole in it. Its complaints are few and come last.
        for line in process.stdout or ():
            yield line.decode("ascii", "backslashreplace").rstrip("\n")
        stderr = (process.stderr.read() if process.stderr else b"").decode("utf-8", "replace")
        code = process.wait()
    if code != 0 and not exits.is_warning(code):
        raise repository.borg_failure(plan, code, stderr)


def key_export(plan: RunPlan, voice: Voice) -> Result:
    """The repository key, a line at a time; the form is the only argument."""
    exported = repository.run_borg(plan, verbs.export_key(plan, plan.arguments[0]))
    if exported.code != 0:
        raise repository.borg_failure(plan, exported.code, exported.stderr)
    for line in exported.stdout.splitlines():
        voice.data({"line": line})
    return Result(outcome=Outcome.SUCCESS)


def scan(plan: RunPlan, voice: Voice) -> Result:
    """The host keys of the machine behind so many hops (the only argument, none is 0). Nothing is trusted by this."""
    for kind, key in shown(plan, int(plan.arguments[0]) if plan.arguments else 0):
        voice.data({"type": kind, "key": key})
    return Result(outcome=Outcome.SUCCESS)
