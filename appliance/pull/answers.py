"""Questions that need no run: what archives and files there are, the repository's key, a machine's host keys."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from appliance.borg import exits
from appliance.borg import repository as verbs
from appliance.plan import places
from appliance.plan.events import Result
from appliance.pull import execute, ledger, repository
from appliance.pull.scan import shown
from appliance.record import Outcome

if TYPE_CHECKING:
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
    command = verbs.list_files(plan, archive, tuple(paths))
    passphrase = os.open(places.PASSPHRASE, os.O_RDONLY)
    env = {**command.env, "BORG_PASSPHRASE_FD": str(passphrase)}
    process = execute.start(command.argv, env, descriptors=(passphrase,), stdout=execute.PIPE, stderr=execute.PIPE)
    os.close(passphrase)
    # An archive has millions of files: each line goes out as it comes in. Borg's complaints are few and come last.
    for line in process.stdout or ():
        fields = json.loads(line)
        voice.data(
            {key: fields.get(key) for key in ("type", "mode", "user", "group", "uid", "gid", "size", "mtime")}
            | {"path": fields["path"], "target": fields.get("linktarget") or fields.get("source") or ""}
        )
    stderr = (process.stderr.read() if process.stderr else b"").decode("utf-8", "replace")
    code = process.wait()
    if code != 0 and not exits.is_warning(code):
        raise repository.borg_failure(plan, code, stderr)
    return Result(outcome=Outcome.SUCCESS)


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
