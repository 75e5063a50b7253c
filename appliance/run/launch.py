"""Start a run: gates, volumes, container. The journal knows of it before anything of it happens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from appliance.errors import DeviceMissingError, EngineError, NameTakenError, PortTakenError, StateError
from appliance.plan import checks, places
from appliance.plan.age import is_ahead
from appliance.plan.bursts import accepted_fact, change_gate
from appliance.plan.checked import Checked, checked_fact, damage_gate
from appliance.plan.container import container_spec, spot_spec
from appliance.plan.gates import Refusal
from appliance.plan.judge import Verdict
from appliance.plan.launch_gates import launch_gate, restore_gate, secrets_gate
from appliance.plan.make import plan_run
from appliance.plan.retention import protected_fact, wrote_itself_fact
from appliance.record import Operation, Outcome, Reason, Trigger, Way
from appliance.run.ending import record_end
from appliance.run.follow import follow, own_state
from appliance.run.wake import wake

if TYPE_CHECKING:
    from appliance.plan.launch_gates import Ground
    from appliance.plan.run_plan import PlannedCheck, RunPlan
    from appliance.record import RunRecord
    from appliance.run.desk import Desk, Order, Watch


# Nor the keys of one: what is kept of a machine that is gone is looked after all the same.
_MEET_NO_CLIENT = (Operation.DRILL, Operation.CHECK)


def run(desk: Desk, order: Order) -> RunRecord | None:
    """Make a run that the journal has begun; None when the supervisor closes first and leaves its container running.

    Raises StateError when the journal cannot be used, and EngineError when nobody can tell whether it was started:
    either way the run stays unfinished, to be adopted later.
    """
    plan = order.verdict or _prepare(desk, order)
    end = plan if isinstance(plan, Verdict) else _start(desk, order, plan)
    if end is not None:
        return record_end(desk, order.watch, end)
    return follow(desk, order.watch)


def plan_for(desk: Desk, order: Order, *, room: int) -> RunPlan:
    """Return the plan of the run, from what the journal knows now; `room` is what /repos can still take, in bytes."""
    name = order.client.name
    return plan_run(
        order.client,
        order.watch.record.operation,
        run_id=order.watch.record.run_id,
        now=order.watch.record.started,
        appliance_id=order.appliance_id,
        history=desk.journal.last_runs().get(name),
        ledger=desk.journal.archives(name),
        repository=desk.journal.repository(name),
        accept_shrink=order.accept_shrink,
        alive=_alive(desk, order),
        tunnel_port=order.tunnel_port,
        room=room,
        restore=order.watch.record.restore,
        check=_check(desk, order),
        reserve=order.settings.free_space,
        protected=json.loads(desk.journal.fact(protected_fact(name)) or "[]"),
        wrote_itself=bool(desk.journal.fact(wrote_itself_fact(name))),
        pruned=desk.journal.last_runs(Operation.PRUNE).get(name),
        destination=order.destination,
        owner=order.owner,
    )


def _check(desk: Desk, order: Order) -> PlannedCheck | None:
    """Return what a check reads: everything for an operator, what is due now for the schedule."""
    record, name, appliance = order.watch.record, order.client.name, desk.appliance()
    if record.operation is not Operation.CHECK:
        return None
    ledger, known = desk.journal.archives(name), desk.journal.repository(name)
    if record.trigger is Trigger.OPERATOR or known is None or appliance is None:
        return checks.everything(ledger)
    before = desk.journal.last_runs(Operation.CHECK).get(name)
    created = desk.journal.last_runs().get(name)
    stored = created.last_success.repository if created and created.last_success else None
    return checks.plan_check(
        order.client,
        Checked.from_json(desk.journal.fact(checked_fact(name))).by(record.started),
        ledger,
        now=record.started,
        since=known.first_seen,
        last=before.last.started if before and not is_ahead(before.last.started, record.started) else None,
        zone=appliance.timezone,
        disk_size=stored.disk_size if stored else None,
    )


def _alive(desk: Desk, order: Order) -> tuple[str, ...]:
    """Return the ids of the client's containers that run now: a question's lock is no dead lock."""
    return tuple(
        state.labels.get(places.LABEL_RUN, "")
        for state in desk.engine.ours(order.appliance_id)
        if state.running and state.labels.get(places.LABEL_CLIENT) == order.client.name
    )


def _prepare(desk: Desk, order: Order) -> RunPlan | Verdict:
    """Take every gate, and only then touch the volumes."""
    floor = order.settings.free_space
    try:
        ground = desk.volumes.survey(order.client.name)
        refusal = _gate(desk, order, ground)
        held = _held(desk, order)
        if refusal is None and held is not None:
            return held
        if refusal is None:
            plan = plan_for(desk, order, room=ground.free_space - floor)
            refusal = desk.volumes.prepare(plan)
            if refusal is None:
                return plan
    except StateError as error:
        refusal = Refusal(reason=Reason.REPOSITORY, sentence=str(error))
    except EngineError as error:
        refusal = Refusal(reason=Reason.ENGINE, sentence=str(error))
    return Verdict(outcome=Outcome.FAILED, reason=refusal.reason, message=refusal.sentence)


def _gate(desk: Desk, order: Order, ground: Ground) -> Refusal | None:
    known = desk.journal.repository(order.client.name)
    others = any(history.last_success is not None for history in desk.journal.last_runs().values())
    us, record = order.appliance_id, order.watch.record
    is_local = record.restore is not None and record.restore.way is Way.LOCAL
    if is_local or order.destination is not None or record.operation in _MEET_NO_CLIENT:
        # Its own client is not met, or may be gone; another one it is restored onto is.
        refusal = restore_gate(order.client, ground, appliance_id=us, known=known, others_known=others)
        other = order.destination
        return refusal or (secrets_gate(other, desk.volumes.survey(other.name)) if other else None)
    floor = order.settings.free_space if _fills_the_volume(order) else 0
    return launch_gate(order.client, ground, floor=floor, appliance_id=us, known=known, others_known=others)


def _held(desk: Desk, order: Order) -> Verdict | None:
    """Return how a prune ends that is held, for damage or too much change: nothing goes until somebody looked."""
    if order.watch.record.operation is not Operation.PRUNE:
        return None
    name = order.client.name
    checked = Checked.from_json(desk.journal.fact(checked_fact(name)))
    accepted = desk.journal.fact(accepted_fact(name))
    refusal = damage_gate(name, checked) or change_gate(order.client, desk.journal.archives(name), accepted)
    if refusal is None:
        return None
    return Verdict(outcome=Outcome.SKIPPED, reason=refusal.reason, message=refusal.sentence)


def _fills_the_volume(order: Order) -> bool:
    """Whether the run needs room to begin; what frees room, or brings archives back, begins on a full disk too."""
    return order.watch.record.operation in (Operation.CREATE, Operation.PROBE)


def _start(desk: Desk, order: Order, plan: RunPlan) -> Verdict | None:
    watch = order.watch
    if watch.stop_reason is not None:
        return Verdict(outcome=Outcome.INTERRUPTED, reason=watch.stop_reason, message="It was stopped before it began.")
    wake(desk, order)
    if watch.record.operation is Operation.DRILL and not plan.stream_command:
        # What a command printed is nowhere on the client to compare with.
        watch.then = spot_spec(order.client, plan, order.settings)
    try:
        desk.engine.start(container_spec(order.client, plan, order.settings, order.destination))
    except DeviceMissingError as error:
        return Verdict(outcome=Outcome.FAILED, reason=Reason.FUSE, message=str(error))
    except PortTakenError as error:
        sentence = f"The client cannot call back: {error}; free it, or give `callback` another port."
        return Verdict(outcome=Outcome.FAILED, reason=Reason.CALLBACK, message=sentence)
    except NameTakenError as error:
        return _taken(desk, watch, order.appliance_id, str(error))
    except EngineError as error:
        # The engine may have started it all the same (its answer was lost): only a look decides.
        if own_state(desk, watch) is None:
            return Verdict(outcome=Outcome.FAILED, reason=Reason.ENGINE, message=str(error))
    return None


def _taken(desk: Desk, watch: Watch, appliance_id: str, sentence: str) -> Verdict | None:
    """Say whose container holds the client's lock; None when it is our own after all."""
    state = desk.engine.inspect(watch.container)
    if state is not None and state.labels.get(places.LABEL_RUN) == watch.record.run_id:
        return None
    if state is None or state.labels.get(places.LABEL_APPLIANCE) == appliance_id:
        message = f"The container {watch.container} of another run of this client is still there."
        return Verdict(outcome=Outcome.SKIPPED, reason=Reason.BUSY, message=message)
    message = f"{sentence}, and it is not of this appliance; remove or rename it."
    return Verdict(outcome=Outcome.FAILED, reason=Reason.ENGINE, message=message)
