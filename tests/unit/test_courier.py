"""How notices are carried: neither a crash nor a silent channel makes it tell less or more."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.notice import Alarm, AlarmKind, Severity
from appliance.plan.channels import channels
from appliance.plan.messages import run_ended
from appliance.plan.messages import test as try_it
from appliance.plan.news import news
from appliance.plan.pings import started as run_started
from appliance.record import Outcome, Reason
from appliance.supervisor import Post
from tests.house import house, record
from tests.supervised import Killed, Life
from tests.told import CHECK, TOLD, URL, Told

if TYPE_CHECKING:
    from appliance.config.model import Appliance


def with_waiting(count: int = 1, appliance: Appliance = TOLD) -> Told:
    told = Told(appliance)
    notice = run_ended(appliance, record(Outcome.FAILED, Reason.AUTH), None)[0]
    told.world.journal.settle([], [replace(notice, title=f"notice {number}") for number in range(count)])
    return told


@pytest.mark.parametrize("calls", range(1, 9))
def test_a_crash_at_any_moment_loses_no_notice_and_repeats_only_the_one_in_the_hand(calls: int) -> None:
    told = with_waiting(2)

    # Killed, or it lived long enough to carry both.
    with suppress(Killed):
        told.courier(Life(calls)).deliver_due()
    told.courier().deliver_due()

    titles = [notice.title for _, notice in told.notifier.sent]
    assert set(titles) == {"notice 0", "notice 1"}
    assert len(titles) <= 3
    assert told.world.journal.pending() == []


def test_a_silent_channel_is_tried_again_later_and_tells_then() -> None:
    told = with_waiting(2)
    told.notifier.troubles[URL] = "ntfy: no answer"

    assert told.heard() == []
    first, second = told.world.journal.pending()
    assert (first.attempts, first.trouble, second.attempts) == (1, "ntfy: no answer", 0)

    told.notifier.troubles.clear()
    assert told.heard() == ["notice 1"]
    told.world.clock.advance(timedelta(minutes=1))
    assert told.heard() == ["notice 0"]
    (counted,) = told.world.journal.channel_records()
    assert (counted.kind, counted.attempts, counted.failures, counted.given_up) == ("ntfy", 3, 1, 0)


@pytest.mark.parametrize("ahead", [timedelta(minutes=30), timedelta(days=300)])
def test_what_was_posted_while_the_clock_was_ahead_is_told_at_once(ahead: timedelta) -> None:
    told = with_waiting()
    told.world.clock.advance(-ahead)

    assert told.heard() == ["notice 0"]


def test_what_was_tried_while_the_clock_was_ahead_is_tried_again_and_then_waits_as_usual() -> None:
    told = with_waiting()
    told.notifier.troubles[URL] = "ntfy: no answer"
    told.heard()
    told.world.clock.advance(-timedelta(days=300))

    for _ in range(3):
        told.heard()
    assert told.world.journal.pending()[0].attempts == 2

    told.notifier.troubles.clear()
    told.world.clock.advance(timedelta(minutes=1))
    assert told.heard() == ["notice 0"]


def test_what_cannot_be_delivered_for_three_days_is_given_up_and_counted() -> None:
    told = with_waiting()
    told.notifier.troubles[URL] = "ntfy: no answer"

    for _ in range(40):
        told.heard()
        told.world.clock.advance(timedelta(hours=2))

    assert told.world.journal.pending() == []
    (counted,) = told.world.journal.channel_records()
    assert (counted.given_up, counted.trouble) == (1, "ntfy: no answer")


def test_of_an_alarm_that_could_not_be_told_only_the_newest_word_arrives() -> None:
    told = Told()
    journal, clock = told.world.journal, told.world.clock
    told.notifier.troubles[URL] = "ntfy: no answer"
    overdue = Alarm(kind=AlarmKind.OVERDUE, client="web1", severity=Severity.WARNING, sentence="web1 is overdue.")
    disk = Alarm(kind=AlarmKind.DISK_FILLING, severity=Severity.WARNING, sentence="The disk is filling.")

    for hold in ([overdue, disk], [disk]):
        found = news(TOLD, journal.alarms(), hold, clock.now())
        journal.settle(found.alarms, found.notices)
        assert told.heard() == []
        clock.advance(timedelta(hours=3))

    told.notifier.troubles.clear()
    assert told.heard() == ["ALARM borgpull: disk filling", "OVER web1: overdue"]


def told_by(*urls: str) -> Appliance:
    return house("web1", settings=f"notify = {list(urls)}".replace("'", '"'))


DISK = Alarm(kind=AlarmKind.DISK_FILLING, severity=Severity.WARNING, sentence="The disk is filling.")


def heard_while_it_holds(told: Told, *spans: timedelta) -> list[str]:
    """Look at an alarm that holds, and carry what is told of it, before each of these spans."""
    heard = []
    for span in spans:
        found = news(told.world.appliance, told.world.journal.alarms(), [DISK], told.world.clock.now())
        told.world.journal.settle(found.alarms, found.notices)
        heard += told.heard()
        told.world.clock.advance(span)
    return heard


def test_an_alarm_whose_channel_is_gone_is_told_through_the_one_that_is_there_now() -> None:
    told = Told(told_by(URL))
    told.notifier.troubles[URL] = "ntfy: no answer"
    assert heard_while_it_holds(told, timedelta(minutes=3)) == []

    told.world.appliance = told_by("gotify://there")

    assert heard_while_it_holds(told, *(5 * [timedelta(minutes=3)])) == ["ALARM borgpull: disk filling"]


def test_a_channel_that_fails_for_days_gets_the_alarm_all_the_same_and_the_others_hear_it_once() -> None:
    told = Told(told_by(URL, "gotify://there"))
    told.notifier.troubles[URL] = "ntfy: no answer"

    assert heard_while_it_holds(told, *(6 * 24 * [timedelta(hours=1)])) == ["ALARM borgpull: disk filling"]

    told.notifier.troubles.clear()
    assert heard_while_it_holds(told, *(3 * [timedelta(hours=1)])) == ["ALARM borgpull: disk filling"]


def test_a_start_that_was_not_delivered_is_no_news_later() -> None:
    told = Told()
    told.world.journal.settle([], run_started(TOLD, record(None)))
    told.notifier.troubles[CHECK] = "no answer"
    told.heard()

    assert told.world.journal.pending() == []


def test_a_channel_that_is_gone_is_given_up_and_a_missing_file_is_a_trouble() -> None:
    told = with_waiting()
    told.world.appliance = house("web1")
    assert told.heard() == []
    assert len(told.world.journal.pending()) == 1
    told.world.clock.advance(timedelta(minutes=2))
    assert told.heard() == []
    assert told.world.journal.pending() == []

    secret = house("web1", settings='notify = ["secret:mail"]')
    told = with_waiting(appliance=secret)
    told.heard()
    (kept,) = told.world.journal.pending()
    assert kept.trouble == "secrets/notify_urls/mail cannot be read"


@pytest.mark.parametrize("held", ["not a url hunter2", "secret:other", "ntfy://hunter2\x07"])
def test_a_file_with_something_else_in_it_is_told_without_it(held: str) -> None:
    told = Told(house("web1", settings='notify = ["secret:mail"]'))
    post = Post(services=told.notifier, checks=told.notifier, read_secret=lambda _name: held)
    (channel,) = channels(told.world.appliance)

    kind, trouble = post.deliver(channel, try_it(told.world.appliance, "", channel.name))

    assert kind == "secret"
    assert trouble.startswith("secret:mail: ")
    assert "hunter2" not in trouble
    assert told.notifier.sent == []
