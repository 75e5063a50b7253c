"""The ledger of the escrow catches up with the copies beside the repositories, which are newer."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from appliance.cli.readable import count
from appliance.errors import ConfigError, StateError
from appliance.plan.disk_ledger import newer
from appliance.record import Operation, Outcome, RunRecord, Trigger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.cli.surroundings import Surroundings
    from appliance.plan.disk_ledger import DiskLedger
    from appliance.plan.escrow import Manifest


def catch_up(world: Surroundings, manifest: Manifest) -> Iterator[str]:
    """Take over what each copy knows better, as a run that stands in the history; yields a line for each client."""
    for client in manifest.clients:
        if client.repository_id is None:
            continue
        try:
            on_disk = world.disk_ledger(client.name)
        except StateError as error:
            yield f"{client.name}: {error}; its ledger is that of the escrow."
            continue
        if on_disk is None:
            yield f"{client.name}: no ledger lies beside the repositories, so it is that of the escrow."
        elif on_disk.repository_id != client.repository_id:
            yield f"{client.name}: the ledger beside its repository is that of another one, and was not taken over."
        elif on_disk.written < manifest.made:
            yield f"{client.name}: its ledger is that of the escrow, which is the newest there is."
        else:
            yield _taken_over(world, on_disk)


def _taken_over(world: Surroundings, on_disk: DiskLedger) -> str:
    store, now, name = world.journal(), world.clock.now(), on_disk.client
    learned = newer(store.archives(name), on_disk)
    sentence = (
        f"the ledger of {on_disk.written:%Y-%m-%d %H:%M} UTC beside its repository was taken over: "
        f"{count(len(learned.came), 'archive')} came since the escrow, {len(learned.gone)} went"
    )
    run = RunRecord(
        run_id=f"escrow-{secrets.token_hex(3)}",
        client=name,
        operation=Operation.ACCEPT,
        trigger=Trigger.OPERATOR,
        method=_method(world, name),
        started=now,
        finished=now,
        outcome=Outcome.SUCCESS,
        message=f"Restored from the escrow; {sentence}.",
    )
    store.finish(run, learned.came, learned.gone)
    return f"{name}: {sentence}."


def _method(world: Surroundings, name: str) -> str:
    try:
        client = world.load().client(name)
    except ConfigError:
        # It held on the day of the escrow; a newer Borgpull may say more about it, when the supervisor reads it.
        return ""
    return client.method if client else ""
