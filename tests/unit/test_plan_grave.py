"""What a run found goes on until a good run has shown that it is mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.notice import AlarmKind
from appliance.plan.grave import GRAVE, is_unmended
from appliance.record import Operation, Outcome, Reason
from tests.house import NOON, record

if TYPE_CHECKING:
    from datetime import datetime

    from appliance.record import RunRecord

CREATE, PRUNE, CHECK, DRILL, PROBE = (
    Operation.CREATE,
    Operation.PRUNE,
    Operation.CHECK,
    Operation.DRILL,
    Operation.PROBE,
)


def ran(operation: Operation, reason: Reason | None = None, outcome: Outcome = Outcome.FAILED) -> RunRecord:
    return record(outcome if reason else Outcome.SUCCESS, reason, operation=operation)


def unmended(kind: AlarmKind, *oldest_first: RunRecord, raised: datetime = NOON - timedelta(minutes=1)) -> bool:
    return is_unmended(kind, reversed(oldest_first), raised, NOON + timedelta(days=1))


FOUND = {
    AlarmKind.TAMPERING: ran(DRILL, Reason.TAMPERING),
    AlarmKind.DAMAGED: ran(CREATE, Reason.INTEGRITY),
    AlarmKind.MISMATCH: ran(DRILL, Reason.MISMATCH),
    AlarmKind.COLLAPSED: ran(CREATE, Reason.COLLAPSED),
    AlarmKind.HOST_KEY: ran(CREATE, Reason.HOST_KEY),
}


def test_a_run_that_a_wrong_clock_dated_ahead_is_not_the_newest() -> None:
    found, ahead = FOUND[AlarmKind.HOST_KEY], NOON.replace(year=2036)

    assert not unmended(AlarmKind.HOST_KEY, ran(CREATE), replace(found, started=ahead))
    assert not unmended(AlarmKind.HOST_KEY, found, ran(CREATE), ran(CREATE, Reason.UNREACHABLE))
    assert unmended(AlarmKind.HOST_KEY, found, ran(CREATE, Reason.UNREACHABLE))


def test_a_drill_that_compared_nothing_does_not_mend_a_mismatch() -> None:
    off = ran(DRILL, Reason.UNREACHABLE, Outcome.WARNING)

    assert unmended(AlarmKind.MISMATCH, FOUND[AlarmKind.MISMATCH], off)
    assert not unmended(AlarmKind.MISMATCH, FOUND[AlarmKind.MISMATCH], off, ran(DRILL))
    # A backup that warns has an archive all the same.
    warned = ran(CREATE, Reason.CHANGED, Outcome.WARNING)
    assert not unmended(AlarmKind.HOST_KEY, FOUND[AlarmKind.HOST_KEY], warned)


@pytest.mark.parametrize("kind", sorted(GRAVE))
def test_a_run_that_does_not_get_as_far_mends_nothing(kind: AlarmKind) -> None:
    off = ran(FOUND[kind].operation, Reason.UNREACHABLE)
    skipped = ran(FOUND[kind].operation, Reason.OFFLINE, Outcome.SKIPPED)
    going_on = record(None)

    assert unmended(kind, ran(CREATE), FOUND[kind], off, skipped, going_on)
    assert not unmended(kind, FOUND[kind], ran(FOUND[kind].operation), off)


@pytest.mark.parametrize(
    ("kind", "good", "mended"),
    [
        (AlarmKind.TAMPERING, CREATE, True),
        (AlarmKind.TAMPERING, CHECK, False),
        (AlarmKind.HOST_KEY, PROBE, True),
        (AlarmKind.HOST_KEY, PRUNE, False),
        (AlarmKind.MISMATCH, CREATE, False),
        (AlarmKind.DAMAGED, PRUNE, False),
        (AlarmKind.COLLAPSED, PROBE, False),
    ],
)
def test_what_mends_is_the_run_that_found_it_or_one_that_cannot_go_well_before(
    kind: AlarmKind,
    good: Operation,
    mended: bool,  # noqa: FBT001
) -> None:
    assert unmended(kind, FOUND[kind], ran(good)) is not mended


def test_what_a_prune_found_no_backup_mends_since_it_looks_at_other_things() -> None:
    found = ran(PRUNE, Reason.TAMPERING)

    assert unmended(AlarmKind.TAMPERING, found, ran(CREATE), ran(PRUNE, Reason.LOCK))
    assert not unmended(AlarmKind.TAMPERING, found, ran(PRUNE), ran(PRUNE, Reason.LOCK))


def test_another_operation_that_found_the_same_before_is_not_forgotten() -> None:
    assert unmended(AlarmKind.DAMAGED, FOUND[AlarmKind.DAMAGED], ran(CHECK, Reason.INTEGRITY), ran(CHECK))


def test_what_a_probe_or_a_restore_finds_was_seen_by_who_asked_and_is_no_alarm() -> None:
    by_hand = ran(PROBE, Reason.HOST_KEY), ran(Operation.RESTORE, Reason.HOST_KEY)

    assert not unmended(AlarmKind.HOST_KEY, FOUND[AlarmKind.HOST_KEY], ran(CREATE), *by_hand)


@pytest.mark.parametrize(
    ("kind", "mender"),
    [
        (AlarmKind.TAMPERING, CREATE),
        (AlarmKind.DAMAGED, CHECK),
        (AlarmKind.MISMATCH, DRILL),
        (AlarmKind.COLLAPSED, CREATE),
        (AlarmKind.HOST_KEY, PROBE),
    ],
)
def test_what_a_forgotten_run_found_goes_on_until_a_good_one_has_begun_since(
    kind: AlarmKind, mender: Operation
) -> None:
    off = ran(mender, Reason.UNREACHABLE)

    assert unmended(kind)
    assert unmended(kind, ran(mender), off, raised=NOON + timedelta(hours=1))
    assert not unmended(kind, ran(mender), off)
    # Raised while the clock was ahead, it must be possible to mend it before that day.
    assert not unmended(kind, ran(mender), off, raised=NOON + timedelta(days=400))
    assert unmended(kind, replace(ran(mender), started=NOON.replace(year=2036)), off)
