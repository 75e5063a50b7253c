"""A success needs the engine's word and the container's: whatever else is said, nothing else counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.plan.events import Result
from appliance.plan.judge import more_telling, question_verdict, verdict
from appliance.ports import ContainerState
from appliance.record import Operation, Outcome, Reason
from tests.house import archive, bad, good, record, repository

RUN = record(None)
PROBE = record(None, operation=Operation.PROBE)


def ended(exit_code: int | None = 0, *, out_of_memory: bool = False, started: bool = True) -> ContainerState:
    return ContainerState(
        name="borgpull-web1", running=False, exit_code=exit_code, out_of_memory=out_of_memory, started=started
    )


def judged(
    state: ContainerState | None, result: Result | None, stop: Reason | None = None
) -> tuple[Outcome, Reason | None]:
    end = verdict(RUN, state, result, stop_reason=stop)
    assert end.message or end.outcome.is_good
    return end.outcome, end.reason


def test_both_say_success_so_it_is_one() -> None:
    assert judged(ended(), good()) == (Outcome.SUCCESS, None)


def test_a_warning_stays_a_warning_with_its_reason() -> None:
    result = replace(good(), outcome=Outcome.WARNING, reason=Reason.UNREADABLE, warning_count=2)

    assert judged(ended(1), result) == (Outcome.WARNING, Reason.UNREADABLE)


@pytest.mark.parametrize(
    "result",
    [replace(good(), warning_count=1), replace(good(), warnings=("x",)), replace(good(), reason=Reason.CHANGED)],
)
def test_a_success_that_names_something_left_out_is_a_warning(result: Result) -> None:
    assert judged(ended(), result)[0] is Outcome.WARNING


@pytest.mark.parametrize(
    ("state", "result", "expected"),
    [
        (ended(137, out_of_memory=True), None, (Outcome.FAILED, Reason.OUT_OF_MEMORY)),
        (ended(0, out_of_memory=True), good(), (Outcome.FAILED, Reason.OUT_OF_MEMORY)),
        (ended(137), None, (Outcome.INTERRUPTED, Reason.KILLED)),
        (ended(143), None, (Outcome.INTERRUPTED, Reason.KILLED)),
        (None, None, (Outcome.INTERRUPTED, Reason.KILLED)),
        (None, good(), (Outcome.INTERRUPTED, Reason.KILLED)),
        (ended(None, started=False), good(), (Outcome.INTERRUPTED, Reason.KILLED)),
        (ended(0), None, (Outcome.FAILED, Reason.INTERNAL)),
        (ended(70), None, (Outcome.FAILED, Reason.INTERNAL)),
        (ended(1), good(), (Outcome.FAILED, Reason.INTERNAL)),
        (ended(137), good(), (Outcome.INTERRUPTED, Reason.KILLED)),
        (ended(0), replace(good(), outcome=Outcome.WARNING), (Outcome.FAILED, Reason.INTERNAL)),
        (ended(3), bad(Reason.UNREACHABLE), (Outcome.FAILED, Reason.UNREACHABLE)),
        (ended(0), bad(Reason.UNREACHABLE), (Outcome.FAILED, Reason.UNREACHABLE)),
        (None, bad(Reason.AUTH), (Outcome.FAILED, Reason.AUTH)),
        (ended(4), bad(Reason.STOPPED, Outcome.INTERRUPTED), (Outcome.INTERRUPTED, Reason.STOPPED)),
        (ended(3), Result(outcome=Outcome.FAILED), (Outcome.FAILED, Reason.INTERNAL)),
        (ended(4), Result(outcome=Outcome.INTERRUPTED), (Outcome.INTERRUPTED, Reason.KILLED)),
    ],
)
def test_how_each_end_is_judged(
    state: ContainerState | None, result: Result | None, expected: tuple[Outcome, Reason | None]
) -> None:
    assert judged(state, result) == expected


def test_a_run_that_we_stopped_says_why() -> None:
    assert judged(ended(143), None, Reason.STOPPED) == (Outcome.INTERRUPTED, Reason.STOPPED)
    assert judged(ended(137), None, Reason.TIMEOUT) == (Outcome.FAILED, Reason.TIMEOUT)
    assert judged(ended(3), bad(Reason.CONNECTION_LOST), Reason.TIMEOUT) == (Outcome.FAILED, Reason.TIMEOUT)


def test_a_run_that_was_done_before_the_stop_reached_it_is_a_success() -> None:
    assert judged(ended(), good(), Reason.STOPPED) == (Outcome.SUCCESS, None)


@pytest.mark.parametrize(
    "result",
    [
        replace(good(), archive=None),
        replace(good(), repository=None),
        replace(good(), archive=archive("web1.tmp-run-1")),
        replace(good(), archive=archive("web2-2026-11-22T12:00:00")),
        replace(good(), repository=repository(8)),
    ],
)
def test_a_success_without_its_archive_in_the_known_repository_is_not_believed(result: Result) -> None:
    end = verdict(RUN, ended(), result, pinned=repository(7).id)

    assert (end.outcome, end.reason) == (Outcome.FAILED, Reason.INTERNAL)
    assert "not believed" in end.message


def test_a_probe_needs_no_archive() -> None:
    assert verdict(PROBE, ended(), Result(outcome=Outcome.SUCCESS)).outcome is Outcome.SUCCESS


def test_a_running_container_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="still runs"):
        question_verdict(ContainerState(name="x", running=True), good())


def test_a_good_last_word_never_paints_over_a_bad_one() -> None:
    assert more_telling(bad(Reason.AUTH), good()) == bad(Reason.AUTH)
    assert more_telling(good(), bad(Reason.AUTH)) == bad(Reason.AUTH)
    assert more_telling(None, good()) == good()


@given(
    st.none() | st.builds(ended, st.none() | st.integers(0, 255), out_of_memory=st.booleans(), started=st.booleans()),
    st.none()
    | st.builds(
        Result,
        outcome=st.sampled_from(Outcome),
        reason=st.none() | st.sampled_from(Reason),
        archive=st.none() | st.just(archive()),
        repository=st.none() | st.just(repository()),
        warning_count=st.integers(0, 3),
    ),
    st.none() | st.sampled_from([Reason.STOPPED, Reason.TIMEOUT]),
)
def test_nothing_but_full_agreement_is_good(
    state: ContainerState | None, result: Result | None, stop: Reason | None
) -> None:
    end = verdict(RUN, state, result, stop_reason=stop)

    if end.outcome.is_good:
        assert state is not None
        assert result is not None
        assert result.outcome.is_good
        assert state.exit_code == result.outcome.exit_code
        assert not state.out_of_memory
        assert result.archive is not None
        assert end.outcome is Outcome.WARNING or (result.reason is None and result.warning_count == 0)
    else:
        assert end.reason is not None
