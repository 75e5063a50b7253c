"""`borgpull import`: adopt the repository that a client already has, without touching it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from appliance.cli.question import appliance_id, ask
from appliance.cli.readable import count, safe, say_json, size
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.errors import BorgpullError, NotFoundError
from appliance.plan import places
from appliance.plan.launch_gates import repository_gate
from appliance.plan.operations import ADOPT
from appliance.record import (
    ArchiveStats,
    LedgerEntry,
    Operation,
    Outcome,
    RepositoryStats,
    RunRecord,
    Trigger,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from appliance.config.model import Client

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A repository as it stands: its id, how it is encrypted, its size in bytes, its archives oldest first."""

    repository_id: str
    encryption: str
    disk_size: int
    archives: tuple[ArchiveStats, ...]

    def strangers(self, client: str) -> int:
        """Count the archives that the rules of `keep` never look at, since they do not have the client's name."""
        return sum(not archive.name.startswith(f"{client}-") for archive in self.archives)

    def to_json(self) -> dict[str, Any]:
        """Give it to programs."""
        return {
            "repository_id": self.repository_id,
            "encryption": self.encryption,
            "disk_size": self.disk_size,
            "archives": [{"name": one.name, "id": one.id, "started": one.started.isoformat()} for one in self.archives],
        }


@click.command("import")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Only say what is there.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "for_programs", is_flag=True, help="Print JSON; needs --dry-run or --yes.")
@in_surroundings
def import_repository(world: Surroundings, name: str, *, dry_run: bool, yes: bool, for_programs: bool) -> None:
    """Adopt a Borg repository that is there already: its id is pinned, and its archives stand in the ledger.

    It must lie in /repos/NAME, and its passphrase in secrets/NAME/passphrase. It is opened read-only.

    Example: borgpull import web1 --dry-run
    """
    if for_programs and not (dry_run or yes):
        raise click.UsageError("--json asks nothing; add --dry-run or --yes.")
    client = known_client(world.load(), name)
    _insist_importable(world, client)
    found = _read(ask(world, client, ADOPT))
    if for_programs:
        say_json(found.to_json())
    else:
        _show(client.name, found)
    if dry_run:
        return
    if not yes:
        click.confirm("Adopt it?", abort=True)
    _adopt(world, client, found)
    if not for_programs:
        click.echo(f"Adopted. The next run of {name} goes on in it; `borgpull archives {name}` lists what is there.")


def _insist_importable(world: Surroundings, client: Client) -> None:
    store, name = world.journal(), client.name
    if store.repository(name) is not None:
        raise BorgpullError(
            f"{name} has its repository already; a second one needs a client of another name, with its folder in /repos"
        )
    ground = world.volumes().survey(name)
    others = any(history.last_success is not None for history in store.last_runs().values())
    refusal = repository_gate(name, ground, appliance_id=appliance_id(store), known=None, others_known=others)
    if refusal is not None:
        raise BorgpullError(refusal.sentence)
    if not ground.has_repository:
        raise NotFoundError(
            f"there is no Borg repository in {places.repository_folder(name)}; move or copy it there, so that its file "
            "`config` lies in that folder"
        )
    if not ground.has_passphrase:
        raise NotFoundError(f"its passphrase is missing; write it into /config/secrets/{name}/passphrase")


def _read(told: Iterable[Mapping[str, Any]]) -> Found:
    whole: Mapping[str, Any] = {}
    archives = []
    for item in told:
        if "name" in item:
            archives.append(_archive(item))
        else:
            whole = item
    if whole.get("archives") != len(archives):
        raise BorgpullError("a part of the answer was lost; ask again")
    return Found(
        repository_id=str(whole["repository_id"]),
        encryption=str(whole["encryption"]),
        disk_size=int(whole["disk_size"]),
        archives=tuple(sorted(archives, key=lambda archive: archive.started)),
    )


def _archive(item: Mapping[str, Any]) -> ArchiveStats:
    started = datetime.fromisoformat(str(item["started"]))
    # Nobody measured it, and nothing is compared with a size of 0.
    return ArchiveStats(
        name=str(item["name"]),
        id=str(item["id"]),
        started=started if started.tzinfo else started.replace(tzinfo=UTC),
        original_size=0,
        compressed_size=0,
        deduplicated_size=0,
        files=0,
    )


def _show(name: str, found: Found) -> None:
    click.echo(
        f"{places.repository_folder(name)}: {found.encryption}, {size(found.disk_size)}, "
        f"{count(len(found.archives), 'archive')}"
    )
    for archive in found.archives[-_SHOWN:]:
        click.echo(f"  {archive.started:%Y-%m-%d %H:%M}  {safe(archive.name)}")
    if strangers := found.strangers(name):
        click.echo(
            f"{count(strangers, 'archive')} of these are not called {name}-…: `keep` never deletes them. "
            "`borg rename` gives them such a name, if they are to go with time; before it is adopted, since a renamed "
            "archive is another one."
        )


def _adopt(world: Surroundings, client: Client, found: Found) -> None:
    store, now, name = world.journal(), world.clock.now(), client.name
    run = RunRecord(
        run_id=f"import-{secrets.token_hex(3)}",
        client=name,
        operation=Operation.ACCEPT,
        trigger=Trigger.OPERATOR,
        method=client.method,
        started=now,
        finished=now,
        outcome=Outcome.SUCCESS,
        message=f"Adopted the repository that was there, with {count(len(found.archives), 'archive')}.",
        repository=RepositoryStats(
            id=found.repository_id,
            encryption=found.encryption,
            total_size=0,
            total_csize=0,
            unique_csize=0,
            total_chunks=0,
            total_unique_chunks=0,
            disk_size=found.disk_size,
            archives=len(found.archives),
        ),
    )
    # The marker first: a client whose repository is known needs it, and alone it does no harm.
    world.volumes().mark(appliance_id(store))
    store.finish(run, [LedgerEntry(client=name, archive=archive, run_id=run.run_id) for archive in found.archives])
