"""A drill as the supervisor runs it: two containers, one after the other, one record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.config.model import ApplianceSettings
from appliance.plan.checked import Checked, checked_fact
from appliance.plan.container import container_spec, spot_spec
from appliance.plan.events import CheckFindings, Note, Result, write
from appliance.plan.make import plan_run
from appliance.record import Operation, Outcome, Reason, RequestKind
from tests.clients import ON_THE_CLIENT, client_of
from tests.fakes import Script
from tests.house import NOON, house, mounted, record
from tests.supervised import FINE, World

if TYPE_CHECKING:
    from appliance.ports import ContainerSpec

SAMPLE = "/.borgpull/sample.json"
GOOD = Result(outcome=Outcome.SUCCESS, message="12 came back.")
SAME = Result(outcome=Outcome.SUCCESS, message="12 came back. 10 are the same.")


def is_second(spec: ContainerSpec) -> bool:
    return any(mount.target == SAMPLE for mount in spec.mounts)


def dying(spec: ContainerSpec) -> Script:
    return Script(lines=(), exit_code=137) if is_second(spec) else Script(lines=(write(GOOD),))


def drilled(first: Result, second: Result) -> World:
    """Run the drill of web1 whose containers say these last words."""

    def play(spec: ContainerSpec) -> Script:
        said = second if is_second(spec) else first
        heard = write(Note(level="info", message="the second" if is_second(spec) else "the first"))
        return Script(lines=(heard, write(said)), exit_code=said.outcome.exit_code)

    world = World(house("web1", schedule='"30 2 * * *"'), play)
    world.volumes.ground = replace(FINE, has_repository=True, has_key=False, has_known_hosts=False)
    world.journal.set_fact("paused", "yes")
    world.journal.ask(RequestKind.RUN, "web1", Operation.DRILL)
    world.settle(world.supervisor())
    return world


def test_the_first_container_has_no_network_and_the_second_no_repository() -> None:
    world = drilled(GOOD, SAME)

    first, second = world.engine.started
    assert first.network == "none"
    assert {mount.target for mount in first.mounts} == {
        "/.borgpull/plan.json", "/.borgpull/passphrase", "/.borgpull/repository", "/.borgpull/cache",
    }  # fmt: skip
    assert second.network != "none"
    assert {mount.target for mount in second.mounts} == {
        "/.borgpull/plan.json", "/.borgpull/key", "/.borgpull/known_hosts", SAMPLE,
    }  # fmt: skip
    assert all(mount.read_only for mount in second.mounts)
    assert (first.capabilities, second.capabilities) == ((), ())
    assert first.name == second.name
    (run,) = world.runs()
    assert (run.outcome, run.message) == (Outcome.SUCCESS, SAME.message)


def test_the_log_has_what_both_containers_said() -> None:
    world = drilled(GOOD, SAME)

    (run,) = world.runs()
    log = "\n".join(world.logs.read("web1", run.run_id) or ())
    assert log.index("the first") < log.index("the second")


def test_a_restore_that_is_wrong_is_the_end_and_the_client_is_not_met() -> None:
    wrong = Result(outcome=Outcome.FAILED, reason=Reason.MISMATCH, message="1 is otherwise.")
    world = drilled(wrong, SAME)

    assert len(world.engine.started) == 1
    (run,) = world.runs()
    assert (run.outcome, run.reason) == (Outcome.FAILED, Reason.MISMATCH)


def test_damage_that_a_drill_finds_holds_the_next_prune() -> None:
    hurt = Result(
        outcome=Outcome.FAILED, reason=Reason.INTEGRITY, message="It is hurt.", check=CheckFindings(damaged=("a",))
    )
    world = drilled(hurt, SAME)

    checked = Checked.from_json(world.journal.fact(checked_fact("web1")))
    assert checked.damaged == {"a"}
    assert checked.sentence == "It is hurt."


def test_a_client_that_is_away_leaves_no_success() -> None:
    away = Result(outcome=Outcome.WARNING, reason=Reason.UNREACHABLE, message="12 came back. Nothing was compared.")
    (run,) = drilled(GOOD, away).runs()

    assert (run.outcome, run.reason) == (Outcome.WARNING, Reason.UNREACHABLE)


def test_a_second_container_that_dies_is_no_success() -> None:
    world = World(house("web1", schedule='"30 2 * * *"'), dying)
    world.volumes.ground = replace(FINE, has_repository=True)
    world.journal.set_fact("paused", "yes")
    world.journal.ask(RequestKind.RUN, "web1", Operation.DRILL)
    world.settle(world.supervisor())

    (run,) = world.runs()
    assert (run.outcome, run.reason) == (Outcome.INTERRUPTED, Reason.KILLED)


def test_a_drill_whose_supervisor_ended_before_its_second_half_is_no_success() -> None:
    world = World(house("web1", schedule='"30 2 * * *"'), lambda _spec: Script(lines=(write(GOOD),)))
    world.journal.set_fact("appliance_id", "us")
    world.journal.set_fact("paused", "yes")
    client = world.appliance.clients[0]
    world.journal.begin(record(None, operation=Operation.DRILL, run_id="r", started=world.clock.now()))
    plan = plan_run(client, Operation.DRILL, run_id="r", now=world.clock.now(), appliance_id="us")
    world.engine.start(container_spec(client, plan, world.appliance.settings))

    world.settle(world.supervisor())

    (run,) = world.runs()
    assert (run.outcome, run.reason) == (Outcome.WARNING, Reason.KILLED)
    assert run.message == "12 came back. The supervisor ended meanwhile, so nothing was compared with the client."


@pytest.mark.parametrize("method", ["sshfs", *ON_THE_CLIENT])
def test_no_second_container_has_a_right_or_a_way_to_write(method: str) -> None:
    client = client_of(method)
    plan = plan_run(client, Operation.DRILL, run_id="r", now=NOON, appliance_id="us")

    spec = spot_spec(client, plan, ApplianceSettings(privileged=True))

    assert (spec.user, spec.capabilities, spec.devices, spec.privileged) == ("1000:1000", (), (), False)
    assert all(mount.read_only for mount in spec.mounts)


def test_a_folder_of_this_host_is_compared_without_any_network() -> None:
    client = mounted("read_all = true")
    plan = plan_run(client, Operation.DRILL, run_id="r", now=NOON, appliance_id="us")

    spec = spot_spec(client, plan, ApplianceSettings())

    assert (spec.network, spec.user, spec.capabilities) == ("none", "1000:1000", ())
    assert "/.borgpull/source" in {mount.target for mount in spec.mounts}
