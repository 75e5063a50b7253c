"""What a pull container imports at its start, and that every operation it is asked for is there."""

from __future__ import annotations

import inspect
import pkgutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from appliance.plan import events, places
from appliance.plan.make import plan_run
from appliance.plan.offer import LOOK
from appliance.plan.operations import BY_HAND, FIDELITY, QUESTIONS
from appliance.pull import controller, link, voice
from appliance.record import Operation, Outcome, Progress
from tests.house import NOON, house
from tests.supervised import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CARRIED_OUT = {**controller._WITH_THE_CLIENT, **controller._BY_ITSELF}
# None of them is needed to read a plan, to mount a client, to run Borg or to say how it went.
_HEAVY = {"pydantic", "paramiko", "fabric", "docker", "rich", "click", "sqlite3", "apprise", "prometheus_client"}


def test_every_operation_and_question_has_somebody_who_carries_it_out() -> None:
    assert set(_CARRIED_OUT) == {*Operation, *QUESTIONS, BY_HAND, FIDELITY}


@pytest.mark.parametrize(("operations", "given"), [(controller._WITH_THE_CLIENT, 3), (controller._BY_ITSELF, 2)])
def test_each_of_them_is_there_and_takes_what_it_is_given(operations: dict[str, str], given: int) -> None:
    for name in operations.values():
        carry_out = pkgutil.resolve_name(f"appliance.pull.{name}")
        assert len(inspect.signature(carry_out).parameters) == given, name


# A look logs in by Paramiko, whatever it is asked.
@pytest.mark.parametrize("operation", sorted({*_CARRIED_OUT} - {LOOK}))
def test_a_pull_container_starts_without_the_libraries_of_others(operation: str) -> None:
    module = _CARRIED_OUT[operation].partition(":")[0]
    program = f"import sys, appliance.pull.controller, appliance.pull.{module}; print(*sys.modules)"
    loaded = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, check=True).stdout.split()
    assert not _HEAVY & {*loaded}


def test_who_asks_hears_of_every_question_while_it_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    murmured: list[events.Event | None] = []

    def heard_in_between() -> bool:
        murmured.extend(events.read(line) for line in capfd.readouterr().out.splitlines())
        return len(murmured) > 2

    def silent(*_given: object) -> events.Result:
        until(heard_in_between, seconds=10)
        return events.Result(outcome=Outcome.SUCCESS)

    def found(_name: str) -> Callable[..., events.Result]:
        return silent

    (client,) = house("web1").clients
    (tmp_path / "plan").write_text(plan_run(client, "files", run_id="files-1", now=NOON, appliance_id="us").to_json())
    ours, theirs = link.pair()
    monkeypatch.setattr(places, "PLAN", tmp_path / "plan")
    monkeypatch.setattr(sys, "argv", ["controller", "0", "0", "0", "0"])
    monkeypatch.setattr(link, "from_descriptor", lambda _number: link.Link(theirs))
    monkeypatch.setattr(controller, "_found", found)
    monkeypatch.setattr(voice, "SILENT_AT_MOST_SECONDS", 0.005)
    with ours, theirs:
        assert controller.main() == 0

    assert all(isinstance(one, Progress) for one in murmured)


def test_every_operation_that_is_no_run_gives_signs_of_life() -> None:
    assert {*_CARRIED_OUT} - {*Operation} == controller.HEARD_AT_ONCE
