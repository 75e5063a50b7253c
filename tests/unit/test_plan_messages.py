from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from appliance.notice import Alarm, AlarmKind, AlarmState, Event, Notice, Severity
from appliance.plan import messages, pings, weekly
from appliance.plan.channels import channel, channels, ping
from appliance.plan.news import News, news
from appliance.record import Operation, Outcome, Reason, Trigger
from tests.house import NOON, archive, history, house, record

HOUSE = house(
    "web1",
    settings='notify = ["ntfy://hunter2", "secret:mail", "ntfy://hunter3"]',
    healthchecks='"https://hc.lan/hunter4"',
)
OVERDUE = Alarm(kind=AlarmKind.OVERDUE, client="web1", severity=Severity.WARNING, sentence="web1 is overdue.")
DAY = timedelta(days=1)


def titles(found: News | tuple[Notice, ...]) -> list[str]:
    return [notice.title for notice in (found.notices if isinstance(found, News) else found)]


# ---- channels ----


def test_channels_are_called_by_kind_and_number_or_by_their_file() -> None:
    assert [one.name for one in channels(HOUSE, "web1")] == ["ntfy #1", "secret:mail", "ntfy #2"]
    found = channel(HOUSE, "web1", "ntfy #2")
    assert found is not None
    assert found.url.text == "ntfy://hunter3"
    assert channel(HOUSE, "web1", "ntfy #3") is None
    assert "hunter" not in f"{HOUSE!r}{channels(HOUSE)!r}{ping(HOUSE, 'web1')!r}"


def test_a_clients_own_channels_stand_in_place_of_the_appliances() -> None:
    own = house("web1", settings='notify = ["ntfy://a"]', notify='["json://b"]')
    silent = house("web1", settings='notify = ["ntfy://a"]', notify="[]")

    assert [one.name for one in channels(own, "web1")] == ["json #1"]
    assert [one.name for one in channels(own, "gone")] == [one.name for one in channels(own)] == ["ntfy #1"]
    assert channels(silent, "web1") == ()


# ---- alarms ----


def test_an_alarm_is_told_once_again_after_a_week_and_once_when_it_is_over() -> None:
    first = news(HOUSE, [], [OVERDUE], NOON)
    assert titles(first) == ["ALARM web1: overdue"] * 3
    assert first.alarms == (AlarmState(alarm=OVERDUE, raised=NOON, told=NOON),)

    assert not news(HOUSE, first.alarms, [OVERDUE], NOON + 6 * DAY)

    again = news(HOUSE, first.alarms, [OVERDUE], NOON + 7 * DAY)
    assert titles(again) == ["STILL web1: overdue"] * 3
    assert "It began at 2026-11-22 12:00 UTC." in again.notices[0].body
    assert again.alarms == (AlarmState(alarm=OVERDUE, raised=NOON, told=NOON + 7 * DAY),)

    over = news(HOUSE, again.alarms, [], NOON + 8 * DAY)
    assert titles(over) == ["OVER web1: overdue"] * 3
    assert over.notices[0].body == "This is over, after 8 days, 0:00:00:\nweb1 is overdue."
    assert over.alarms[0].cleared == NOON + 8 * DAY


def test_an_alarm_that_says_something_else_is_written_down_and_told_anew_only_when_it_is_graver() -> None:
    first = news(HOUSE, [], [OVERDUE], NOON)
    later = replace(OVERDUE, sentence="web1 is overdue for 3 days.")
    critical, mild = replace(OVERDUE, severity=Severity.CRITICAL), replace(OVERDUE, severity=Severity.INFO)

    other = news(HOUSE, first.alarms, [later], NOON + DAY)
    assert (other.alarms, other.notices) == ((AlarmState(alarm=later, raised=NOON, told=NOON),), ())

    graver = news(HOUSE, other.alarms, [critical], NOON + 2 * DAY)
    assert titles(graver) == ["ALARM web1: overdue"] * 3
    assert {notice.severity for notice in graver.notices} == {Severity.CRITICAL}
    assert graver.alarms == (AlarmState(alarm=critical, raised=NOON, told=NOON + 2 * DAY),)

    # It stays grave until it is over, so what swings around a bound is told once.
    assert not news(HOUSE, graver.alarms, [mild], NOON + 3 * DAY)
    assert not news(HOUSE, graver.alarms, [critical], NOON + 3 * DAY)


@pytest.mark.parametrize("clients", [(), ("other",)])
def test_an_alarm_that_nobody_watches_any_more_is_not_called_over(clients: tuple[str, ...]) -> None:
    without = house(*clients, settings='notify = ["ntfy://a"]')

    (told,) = news(without, [AlarmState(alarm=OVERDUE, raised=NOON, told=NOON)], [], NOON + DAY).notices

    assert told.title == "UNWATCHED web1: overdue"
    assert told.body.startswith("web1 is disabled or configured no more")


def test_an_alarm_without_a_channel_is_told_when_there_is_one() -> None:
    mute = house("web1")
    first = news(mute, [], [OVERDUE], NOON)
    assert first.alarms == (AlarmState(alarm=OVERDUE, raised=NOON),)
    assert not first.notices
    assert not news(mute, first.alarms, [OVERDUE], NOON + DAY)

    told = news(HOUSE, first.alarms, [OVERDUE], NOON + DAY)
    assert told.alarms == (AlarmState(alarm=OVERDUE, raised=NOON, told=NOON + DAY),)
    assert titles(told) == ["ALARM web1: overdue"] * 3


def test_of_an_alarm_nobody_heard_of_nobody_hears_that_it_is_over() -> None:
    over = news(HOUSE, [AlarmState(alarm=OVERDUE, raised=NOON)], [], NOON + DAY)

    assert over.notices == ()
    assert over.alarms[0].cleared == NOON + DAY


# ---- runs ----

FAILED = record(Outcome.FAILED, Reason.UNREACHABLE)
GOOD = replace(record(), archive=archive())
WARNED = replace(record(Outcome.WARNING, Reason.UNREADABLE), warnings=("a\x1b[31m: denied",), warning_count=3)


@pytest.mark.parametrize(
    ("run", "before", "told"),
    [
        (FAILED, None, "FAILED web1: create"),
        (FAILED, GOOD, "FAILED web1: create"),
        (FAILED, FAILED, ""),
        (FAILED, record(Outcome.FAILED, Reason.AUTH), "FAILED web1: create"),
        (WARNED, GOOD, "WARNING web1: create"),
        (WARNED, WARNED, ""),
        (GOOD, GOOD, ""),
        (GOOD, FAILED, "SUCCESS web1: create works again"),
        (WARNED, FAILED, "WARNING web1: create works again"),
        (record(Outcome.INTERRUPTED, Reason.KILLED), GOOD, "INTERRUPTED web1: create"),
        (record(Outcome.SKIPPED, Reason.OFFLINE), GOOD, ""),
    ],
)
def test_the_end_of_a_run_is_told_when_it_is_news(run: object, before: object, told: str) -> None:
    found = messages.run_ended(HOUSE, run, before)  # type: ignore[arg-type]  # they are records

    assert {one.title for one in found if one.event is Event.RUN} == ({told} if told else set())


@pytest.mark.parametrize(
    ("before", "now", "is_told"), [(1, 11, False), (1, 12, True), (100, 200, False), (100, 201, True), (9000, 1, False)]
)
def test_the_same_warning_as_before_is_told_again_when_there_are_many_more_of_them(
    before: int,
    now: int,
    is_told: bool,  # noqa: FBT001
) -> None:
    found = messages.run_ended(HOUSE, replace(WARNED, warning_count=now), replace(WARNED, warning_count=before))

    assert bool([one for one in found if one.event is Event.RUN]) is is_told


@pytest.mark.parametrize("operation", [Operation.PROBE, Operation.REPAIR])
def test_what_somebody_does_by_hand_is_told_to_nobody(operation: Operation) -> None:
    assert messages.run_ended(HOUSE, replace(FAILED, operation=operation), None) == ()
    assert messages.run_ended(HOUSE, replace(FAILED, operation=Operation.PRUNE), None) != ()


def test_a_success_is_told_each_time_where_that_is_wanted() -> None:
    wanted = house("web1", settings='notify = ["ntfy://a"]', notify_on='["success"]')

    assert titles(messages.run_ended(wanted, GOOD, GOOD)) == ["SUCCESS web1: create"]
    assert titles(messages.run_ended(wanted, FAILED, GOOD)) == []


def test_the_story_of_a_run_holds_its_warnings_and_no_escape() -> None:
    body = messages.run_ended(HOUSE, WARNED, None)[0].body

    assert "- a\\x1b[31m: denied\nand 2 more warnings" in body
    assert "run run-1 began at 2026-11-22 12:00 UTC and took 0:10:00" in body


@pytest.mark.parametrize(
    ("run", "pings"),
    [
        (GOOD, ["succeeded"]),
        (FAILED, ["failed"]),
        (WARNED, ["logged", "succeeded"]),
        (record(Outcome.SKIPPED, Reason.OFFLINE), ["logged"]),
        (record(Outcome.FAILED, Reason.TAMPERING, operation=Operation.PRUNE), []),
    ],
)
def test_a_check_is_pinged_by_the_outcome_of_each_backup(run: object, pings: list[str]) -> None:
    found = messages.run_ended(HOUSE, run, run)  # type: ignore[arg-type]  # they are records

    assert [one.event.value for one in found if one.channel == "healthchecks"] == pings
    assert {one.topic for one in found if one.event in (Event.SUCCEEDED, Event.FAILED)} <= {"ping"}


def test_a_start_is_pinged_and_told_to_nobody_else() -> None:
    (start,) = pings.started(HOUSE, record(None))

    assert (start.event, start.channel, start.topic) == (Event.STARTED, "healthchecks", "")
    assert pings.started(house("web1"), record(None)) == ()


def test_no_start_is_pinged_of_a_client_that_may_sleep_unless_somebody_asked() -> None:
    sleeper = house("web1", offline='"skip"', healthchecks='"https://hc.lan/hunter4"')

    assert pings.started(sleeper, record(None)) == ()
    assert len(pings.started(sleeper, replace(record(None), trigger=Trigger.OPERATOR))) == 1


# ---- the report ----


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2026-11-23T06:59", "2026-11-16T07:00"),  # Monday, before 08:00 in Berlin
        ("2026-11-23T07:00", "2026-11-23T07:00"),
        ("2026-11-29T23:00", "2026-11-23T07:00"),
    ],
)
def test_the_report_is_due_on_monday_morning_of_the_appliances_zone(now: str, since: str) -> None:
    moment, expected = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, since))

    assert weekly.due_since(moment, ZoneInfo("Europe/Berlin")) == expected


def test_the_report_has_every_client_and_what_is_wrong_first() -> None:
    both = house("a-good-one", "web1", "z-new")
    histories = {
        "a-good-one": replace(history(record(client="a-good-one")), archives=7),
        "web1": history(record(), FAILED),
    }

    title, body = weekly.report(both, histories, [AlarmState(alarm=OVERDUE, raised=NOON)], NOON + timedelta(hours=3))

    assert title == "REPORT borgpull: 1 failing, 1 never, 1 ok, 1 alarm"
    lines = body.splitlines()
    assert lines[0] == "1 failing, 1 never, 1 ok; 1 alarm"
    assert [line.split()[0] for line in lines[2:5]] == ["web1", "z-new", "a-good-one"]
    assert "last good 2 h ago" in lines[4]
    assert lines[-2:] == ["Alarms:", "- web1 is overdue."]


def test_a_client_with_a_critical_alarm_stands_first_in_the_report_although_its_backups_go_well() -> None:
    histories = {name: history(record(client=name)) for name in ("a", "b")}
    alarms = [
        AlarmState(alarm=Alarm(kind=kind, client=client, severity=severity, sentence="It is wrong."), raised=NOON)
        for kind, client, severity in (
            (AlarmKind.HOST_KEY, "b", Severity.CRITICAL),
            (AlarmKind.KEY_NOT_EXPORTED, "a", Severity.WARNING),
        )
    ]

    title, body = weekly.report(house("a", "b"), histories, alarms, NOON)
    well, _ = weekly.report(house("a", "b"), histories, [], NOON)

    assert (title, well) == ("REPORT borgpull: 2 ok, 2 alarms", "REPORT borgpull: 2 ok")
    first, second = body.splitlines()[2:4]
    assert (first[0], first.endswith("  CRITICAL: host key")) == ("b", True)
    assert (second[0], second.endswith("-")) == ("a", True)
