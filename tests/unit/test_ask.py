"""A question: its answers, its end, and that nothing of it stays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.ask import ask
from appliance.errors import EngineError
from appliance.plan import places
from appliance.plan.container import container_spec
from appliance.plan.events import Data, Result, write
from appliance.plan.make import plan_run
from appliance.record import Outcome, Reason
from tests.fakes import FakeEngine, Script
from tests.house import NOON, bad, house

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.ports import ContainerState

ANSWERS = (write(Data(value={"name": "a"})), write(Data(value={"name": "b"})))
APPLIANCE = house("web1")
SPEC = container_spec(
    APPLIANCE.clients[0],
    plan_run(APPLIANCE.clients[0], "files", run_id="files-abc123", now=NOON, appliance_id="us"),
    APPLIANCE.settings,
)


def asked(engine: FakeEngine) -> tuple[list[str], Result]:
    found: list[str] = []

    def collect() -> Iterator[Result]:
        question = ask(engine, SPEC, pause=lambda _seconds: None)
        while True:
            try:
                found.append(str(next(question)["name"]))
            except StopIteration as end:
                yield end.value
                return

    return found, next(collect())


def test_the_answers_come_in_order_and_the_container_is_gone() -> None:
    engine = FakeEngine(lambda _spec: Script(lines=(*ANSWERS, write(Result(outcome=Outcome.SUCCESS)))))

    found, result = asked(engine)

    assert found == ["a", "b"]
    assert result.outcome is Outcome.SUCCESS
    assert engine.ours("us") == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (Script(lines=(*ANSWERS, write(bad(Reason.PASSPHRASE))), exit_code=3), Reason.PASSPHRASE),
        (Script(lines=ANSWERS), Reason.INTERNAL),
        (Script(lines=(*ANSWERS, write(Result(outcome=Outcome.SUCCESS))), exit_code=3), Reason.INTERNAL),
        (Script(lines=ANSWERS, exit_code=137), Reason.KILLED),
    ],
)
def test_half_an_answer_is_no_success(script: Script, reason: Reason) -> None:
    engine = FakeEngine(lambda _spec: script)

    _, result = asked(engine)

    assert not result.outcome.is_good
    assert result.reason is reason
    assert engine.ours("us") == []


def test_who_stops_listening_leaves_no_container() -> None:
    engine = FakeEngine(lambda _spec: Script(lines=ANSWERS, hangs=True))
    question = ask(engine, SPEC)
    next(question)

    question.close()

    assert engine.ours("us") == []


class Breaking(FakeEngine):
    """Its streams end while their container runs; it ends itself at the `looks`-th look, and by being asked to."""

    def __init__(self, script: Script, looks: int) -> None:
        super().__init__(lambda _spec: replace(script, hangs=True))
        self.looks = looks
        self.stopped: list[str] = []

    def lines(self, name: str) -> Iterator[str]:
        yield from self._containers[name].script.lines

    def inspect(self, name: str) -> ContainerState | None:
        self.looks -= 1
        if self.looks == 0:
            self.end(name)
        return super().inspect(name)

    def stop(self, name: str, grace_seconds: int) -> None:
        assert grace_seconds > 0
        self.stopped.append(name)
        super().stop(name, grace_seconds)


def test_an_answer_that_breaks_off_is_an_error_and_its_container_is_asked_to_end() -> None:
    engine = Breaking(Script(lines=ANSWERS[:1]), looks=-1)

    with pytest.raises(EngineError, match="broke off"):
        asked(engine)
    assert engine.stopped == [SPEC.name]
    assert engine.ours("us") == []


def test_a_run_that_has_taken_the_name_meanwhile_is_left_alone() -> None:
    engine = Taken(Script(lines=(*ANSWERS, write(Result(outcome=Outcome.SUCCESS)))), looks=-1)

    asked(engine)

    assert engine.stopped == []
    assert [state.labels[places.LABEL_RUN] for state in engine.ours("us")] == [SPEC.labels[places.LABEL_RUN]]


class Taken(Breaking):
    """Its container was swept away while its last lines were read, and a run of the client has its name."""

    def inspect(self, name: str) -> ContainerState | None:
        state = super().inspect(name)
        return state and replace(state, labels={**state.labels, places.LABEL_RUN: "another"})


def test_a_container_that_ends_a_moment_after_its_stream_has_answered() -> None:
    engine = Breaking(Script(lines=(*ANSWERS, write(Result(outcome=Outcome.SUCCESS)))), looks=3)

    found, result = asked(engine)

    assert (found, result.outcome) == (["a", "b"], Outcome.SUCCESS)
    assert engine.stopped == []
