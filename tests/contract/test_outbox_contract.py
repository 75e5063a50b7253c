"""What every journal knows of alarms and of notices on their way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.notice import Alarm, AlarmKind, AlarmState, ChannelRecord, Event, Notice, Severity
from appliance.record import Outcome
from tests.contract.records import START, begun, ended

if TYPE_CHECKING:
    from tests.contract.records import Whole

OVERDUE = Alarm(kind=AlarmKind.OVERDUE, client="web", severity=Severity.WARNING, sentence="web is overdue.")
DISK = Alarm(kind=AlarmKind.DISK_FILLING, severity=Severity.CRITICAL, sentence="The disk is full.")
LATER = START + timedelta(hours=1)


def notice(title: str = "web: overdue", **changes: str) -> Notice:
    made = Notice(
        client="web",
        channel="ntfy #1",
        event=Event.ALARM,
        severity=Severity.WARNING,
        title=title,
        body="web is overdue.\nLook at it.",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name the fields they change


def titles(journal: Whole) -> list[str]:
    return [one.notice.title for one in journal.pending()]


def test_an_alarm_is_known_until_it_is_cleared(journal: Whole) -> None:
    disk, overdue = AlarmState(alarm=DISK, raised=LATER), AlarmState(alarm=OVERDUE, raised=START, told=START)
    journal.settle([disk, overdue], [])
    assert journal.alarms() == [overdue, disk]

    journal.settle([replace(overdue, cleared=LATER), replace(disk, told=LATER)], [])

    assert journal.alarms() == [replace(disk, told=LATER)]


def test_an_alarm_that_comes_again_has_a_new_story(journal: Whole) -> None:
    journal.settle([AlarmState(alarm=OVERDUE, raised=START, told=START, cleared=LATER)], [])
    journal.settle([AlarmState(alarm=OVERDUE, raised=LATER)], [])

    assert journal.alarms() == [AlarmState(alarm=OVERDUE, raised=LATER)]


def test_a_notice_waits_until_it_is_delivered(journal: Whole) -> None:
    journal.settle([], [notice("first"), notice("second")])

    first, second = journal.pending()
    assert (first.notice, first.created, first.next_try, first.attempts) == (notice("first"), START, START, 0)

    journal.delivered(first.notice_id, "ntfy")

    assert journal.pending() == [second]


def test_what_is_told_of_a_run_is_written_with_its_end_and_once(journal: Whole) -> None:
    end = ended(begun("r1"), Outcome.FAILED)
    journal.finish(end, notices=[notice("failed")])
    journal.finish(end, notices=[notice("failed")])

    assert titles(journal) == ["failed"]


def test_a_notice_that_did_not_arrive_is_tried_again_or_given_up(journal: Whole) -> None:
    journal.settle([], [notice("first"), notice("second")])
    first, second = journal.pending()

    journal.not_delivered(first.notice_id, "ntfy", "no answer", LATER)
    journal.not_delivered(second.notice_id, "ntfy", "no answer", None)

    assert journal.pending() == [replace(first, next_try=LATER, attempts=1, trouble="no answer")]


@pytest.mark.parametrize("event", [Event.ALARM, Event.REMINDER])
def test_an_alarm_whose_notice_is_given_up_has_not_been_told(journal: Whole, event: Event) -> None:
    overdue, disk = (AlarmState(alarm=alarm, raised=START, told=START) for alarm in (OVERDUE, DISK))
    journal.settle([disk, overdue], [notice(topic=OVERDUE.alarm_id, event=event)])
    (waiting,) = journal.pending()

    journal.not_delivered(waiting.notice_id, "ntfy", "no answer", LATER)
    assert {state.told for state in journal.alarms()} == {START}

    journal.not_delivered(waiting.notice_id, "ntfy", "no answer", None)
    assert {state.alarm: state.told for state in journal.alarms()} == {DISK: START, OVERDUE: None}


def test_that_an_alarm_is_over_is_given_up_for_good(journal: Whole) -> None:
    journal.settle(
        [AlarmState(alarm=OVERDUE, raised=START, told=START)], [notice(topic=OVERDUE.alarm_id, event=Event.RECOVERY)]
    )

    journal.not_delivered(journal.pending()[0].notice_id, "ntfy", "no answer", None)

    assert [state.told for state in journal.alarms()] == [START]


def test_a_newer_notice_of_the_same_topic_takes_the_place_of_the_older_one(journal: Whole) -> None:
    journal.settle([], [notice("a", topic="ping"), notice("b"), notice("c", topic="ping", client="db")])
    journal.settle([], [notice("d", topic="ping")])

    assert titles(journal) == ["b", "c", "d"]


def test_what_utf_8_cannot_write_is_kept_as_escapes(journal: Whole) -> None:
    said = "web said \udcff."
    journal.settle([AlarmState(alarm=replace(OVERDUE, sentence=said), raised=START)], [notice(said, body=said)])
    (waiting,) = journal.pending()
    journal.not_delivered(waiting.notice_id, "ntfy", said, LATER)

    (state,), (waiting,), (counted,) = journal.alarms(), journal.pending(), journal.channel_records()
    kept = {state.alarm.sentence, waiting.notice.title, waiting.notice.body, waiting.trouble, counted.trouble}
    assert kept == {r"web said \udcff."}


def test_deliveries_are_counted_by_kind(journal: Whole) -> None:
    assert journal.channel_records() == []
    journal.settle([], [notice(), notice(), notice()])
    first, second, third = journal.pending()

    journal.delivered(first.notice_id, "ntfy")
    journal.not_delivered(second.notice_id, "mailto", "refused", LATER)
    journal.not_delivered(third.notice_id, "mailto", "refused again", None)

    assert journal.channel_records() == [
        ChannelRecord(kind="mailto", attempts=2, failures=2, given_up=1, last_failure=START, trouble="refused again"),
        ChannelRecord(kind="ntfy", attempts=1, last_success=START),
    ]
