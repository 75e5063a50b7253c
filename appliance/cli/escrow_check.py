"""`borgpull escrow --check FILE`: each client's newest archive is read with it, its folder, and nothing else."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from appliance.ask import ask as answers_of
from appliance.cli.escrow_bundle import Bundle, unpack
from appliance.cli.escrow_left import stand_in
from appliance.cli.readable import count, safe, say_json, size
from appliance.config.load import parse
from appliance.errors import BorgpullError, ConfigError, ExitCode, NotFoundError
from appliance.plan import escrow
from appliance.plan.container import container_spec
from appliance.plan.escrow import EscrowFact
from appliance.plan.make import plan_run
from appliance.plan.operations import ESCROW_CHECK
from appliance.record import KnownRepository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from appliance.cli.surroundings import Surroundings
    from appliance.config.model import Appliance, Client
    from appliance.plan.escrow import EscrowedClient
    from appliance.plan.run_plan import RunPlan

_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How it went for one client. `proven` is None where there was nothing to prove; `found` is what was read."""

    client: str
    proven: bool | None
    sentence: str
    found: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Give the object that `escrow --check --json` promises."""
        return {"client": self.client, "proven": self.proven, "message": self.sentence, **self.found}


def check_bundle(world: Surroundings, sealed: bytes, passphrase: bytes, *, for_programs: bool) -> None:
    """Try each client of the bundle; exit code 3 when one could not be proven, 6 when there is none to prove.

    Raises BorgpullError when the bundle does not open.
    """
    bundle = unpack(world.cipher().decrypt(sealed, passphrase))
    appliance = _configuration(bundle)
    if not for_programs:
        click.echo(f"The bundle opens. It was made {bundle.manifest.made:%Y-%m-%d %H:%M} UTC.")
    proofs = []
    for entry in bundle.manifest.clients:
        proof = _prove(world, bundle, appliance, entry)
        proofs.append(proof)
        if not for_programs:
            mark = {True: "proven", False: "FAILED", None: "nothing to prove"}[proof.proven]
            click.echo(f"{proof.client}: {mark}: {safe(proof.sentence)}")
    if for_programs:
        say_json([proof.to_json() for proof in proofs])
    if any(proof.proven is False for proof in proofs):
        click.get_current_context().exit(ExitCode.FAILED)
    if not any(proof.proven for proof in proofs):
        raise NotFoundError("no client of this bundle has a repository yet, so nothing was proven")
    _remember(world, bundle)


def _remember(world: Surroundings, bundle: Bundle) -> None:
    """Remember the proof of the newest escrow of this appliance; that of another, or an older one, changes nothing."""
    store = world.journal()
    newest = EscrowFact.from_json(store.fact(escrow.FACT))
    if newest is not None and newest.made == bundle.manifest.made:
        store.set_fact(escrow.PROVEN, world.clock.now().isoformat())


def _configuration(bundle: Bundle) -> Appliance:
    try:
        # The bundle's own time zone, or none: what runs here has no schedule.
        return parse(escrow.texts(bundle.files), {})
    except ConfigError as error:
        raise BorgpullError(f"the bundle opens, but its configuration does not hold: {error}") from error


def _prove(world: Surroundings, bundle: Bundle, appliance: Appliance, entry: EscrowedClient) -> Proof:
    client = appliance.client(entry.name) or stand_in(entry.name)
    passphrase = bundle.content(escrow.passphrase_path(entry.name))
    key = bundle.content(entry.key) if entry.key else None
    if not entry.key and not entry.trouble and not entry.archives:
        if world.volumes().survey(entry.name).has_repository:
            sentence = "it has got a repository since, whose key is not in the bundle; make a new one"
            return Proof(client=entry.name, proven=False, sentence=sentence, found={})
        return Proof(client=entry.name, proven=None, sentence="it had no repository when the bundle was made", found={})
    if passphrase is None or key is None:
        lacks = "passphrase" if passphrase is None else "exported key"
        why = f" ({entry.trouble})" if entry.trouble else ""
        return Proof(client=entry.name, proven=False, sentence=f"its {lacks} is not in the bundle{why}", found={})
    try:
        plan = _plan(world, bundle, client, entry)
        with world.escrow_files().lent(plan, passphrase=passphrase, key=key):
            found, trouble = _answer(answers_of(world.engine(), container_spec(client, plan, appliance.settings)))
    except BorgpullError as error:
        return Proof(client=entry.name, proven=False, sentence=str(error), found={})
    if trouble or not found:
        return Proof(client=entry.name, proven=False, sentence=trouble or "it gave no answer", found={})
    return Proof(client=entry.name, proven=True, sentence=_sentence(found), found=found)


def _plan(world: Surroundings, bundle: Bundle, client: Client, entry: EscrowedClient) -> RunPlan:
    store = world.journal()
    if any(run.client == client.name for run in store.unfinished()):
        raise BorgpullError(f"{client.name} is running; its repository changes under the look: check again afterwards")
    known = (
        KnownRepository(client=client.name, repository_id=entry.repository_id, first_seen=bundle.manifest.made)
        if entry.repository_id
        else None
    )
    plan = plan_run(
        client,
        ESCROW_CHECK,
        run_id=f"{ESCROW_CHECK}-{secrets.token_hex(3)}",
        now=world.clock.now(),
        appliance_id=store.fact("appliance_id") or bundle.manifest.appliance_id,
        repository=known,
        owner=world.owner(),
    )
    return replace(plan, known=entry.archives)


def _answer(asked: Iterator[Mapping[str, Any]]) -> tuple[dict[str, Any], str]:
    """Return what the container found, and why it is no proof: "" where it is one."""
    found: dict[str, Any] = {}
    while True:
        try:
            found |= next(asked)
        except StopIteration as end:
            result = end.value
            return found, "" if result.outcome.is_good else result.message or f"the look ended as {result.outcome}"


def _sentence(found: Mapping[str, Any]) -> str:
    gone = list(found["gone"])
    more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    since = f"; since the bundle was made, these are gone: {', '.join(gone[:_NAMED])}{more}" if gone else ""
    read = f"{found['read']} of {found['files']} files ({size(found['bytes'])}) were read back"
    if found.get("in_part"):
        read = (
            f"the first {size(found['bytes'])} of 1 of {count(found['files'], 'file')} were read back (all that hold "
            "something are larger)"
        )
    return f"{count(found['archives'], 'archive')}; of the newest, {found['newest']}, {read}{since}"
