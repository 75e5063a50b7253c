"""What a running supervisor tells, and that neither a crash nor a silent channel makes it tell less or more."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import StateError
from appliance.plan.channels import channels
from appliance.plan.due import NotDue, decide
from appliance.plan.events import write
from appliance.plan.judge import Verdict
from appliance.plan.messages import run_ended, run_started
from appliance.plan.messages import test as try_it
from appliance.record import LedgerEntry, Operation, Outcome, Reason, Trigger
from appliance.run import Order, Watch, run
from appliance.run.ending import record_end
from appliance.supervisor import Courier, Post
from appliance.supervisor.alarms import LOOK_EVERY
from tests.fakes import FakeNotifier, Script
from tests.house import NOON, archive, bad, history, house, one, record
from tests.supervised import FINE, Killed, Life, Mortal, World, success

if TYPE_CHECKING:
    from appliance.config.model import Appliance
    from appliance.record import RunRecord
    from appliance.supervisor import Supervisor

URL, CHECK = "ntfy://hunter2", "https://hc.lan/1"
TOLD = house("web1", settings='notify = ["ntfy://hunter2"]\nreport = "weekly"', every='"6h"', healthchecks=f'"{CHECK}"')
QUIET = replace(FINE, free_space=90 << 30)


def no_secret(name: str) -> str:
    raise StateError(f"secrets/notify_urls/{name} cannot be read")


class Told:
    """A world, and a notifier that hears what is told in it."""

    def __init__(self, appliance: Appliance = TOLD, world: World | None = None) -> None:
        self.world = world or World(appliance)
        self.world.volumes.ground = QUIET
        self.notifier = FakeNotifier()

    def courier(self, life: Life | None = None) -> Courier:
        outbox: Any = Mortal(self.world.journal, life) if life else self.world.journal
        return Courier(
            outbox=outbox,
            post=Post(services=self.notifier, checks=self.notifier, read_secret=no_secret),
            appliance=lambda: self.world.appliance,
            clock=self.world.clock,
        )

    def after(self, span: timedelta, supervisor: Supervisor) -> Told:
        self.world.clock.advance(span)
        self.world.settle(supervisor)
        supervisor.tick()
        return self

    def heard(self) -> list[str]:
        """Carry what waits, and return the titles of all that is new since the last call; pings by their event."""
        before = len(self.notifier.sent)
        self.courier().deliver_due()
        return [notice.event.value if url == CHECK else notice.title for url, notice in self.notifier.sent[before:]]


def failing(_spec: object) -> Script:
    return Script(lines=(write(bad(Reason.HOST_KEY)),), exit_code=3)


# ---- alarms of a running supervisor ----


def test_failure_alarm_and_recovery_are_each_told_once() -> None:
    told = Told(world=World(TOLD, play=failing))
    supervisor = told.world.supervisor()

    assert told.after(timedelta(0), supervisor).heard() == [
        "started",
        "FAILED web1: create",
        "failed",
        "ALARM web1: host key",
    ]
    assert told.after(timedelta(hours=1), supervisor).heard() == []

    told.world.engine.play = success
    assert told.after(timedelta(hours=6), supervisor).heard() == [
        "started",
        "SUCCESS web1: create works again",
        "succeeded",
        "OVER web1: host key",
    ]
    assert told.after(timedelta(hours=1), supervisor).heard() == []


def test_damage_that_a_prune_found_is_told() -> None:
    told = Told()
    supervisor = told.world.supervisor()
    told.after(timedelta(0), supervisor).heard()
    told.world.journal.finish(replace(record(Outcome.FAILED, Reason.INTEGRITY, operation=Operation.PRUNE), run_id="p"))

    assert "ALARM web1: damaged" in told.after(timedelta(hours=7), supervisor).heard()


def test_a_restart_tells_nothing_again() -> None:
    told = Told(world=World(TOLD, play=failing))
    told.after(timedelta(0), told.world.supervisor()).heard()

    assert told.after(timedelta(minutes=1), told.world.supervisor()).heard() == []


def test_a_configuration_is_wrong_only_after_a_while() -> None:
    told = Told()
    supervisor = told.world.supervisor()
    told.after(timedelta(0), supervisor).heard()
    told.world.journal.set_fact("config_problems", json.dumps(["borgpull.toml: x: wrong"]))

    assert told.after(timedelta(minutes=1), supervisor).heard() == []
    assert told.after(timedelta(minutes=6), supervisor).heard() == ["ALARM borgpull: config invalid"]

    told.world.journal.set_fact("config_problems", "[]")
    assert told.after(timedelta(minutes=1), supervisor).heard() == ["OVER borgpull: config invalid"]


def test_an_engine_that_is_down_is_told_although_nothing_runs() -> None:
    told = Told()
    supervisor = told.world.supervisor()
    told.after(timedelta(0), supervisor).heard()
    told.world.engine.outage = "no answer"

    for _ in range(3):
        told.world.clock.advance(timedelta(minutes=3))
        supervisor.tick()

    assert told.heard() == ["ALARM borgpull: engine down"]


def test_the_key_at_home_is_told_until_it_is_exported() -> None:
    told = Told()
    supervisor = told.world.supervisor()
    told.after(timedelta(0), supervisor).heard()

    assert "ALARM web1: key not exported" in told.after(timedelta(hours=25), supervisor).heard()

    told.world.journal.set_fact("key_exported:web1", "now")
    assert told.after(LOOK_EVERY, supervisor).heard() == ["OVER web1: key not exported"]


def test_the_report_comes_once_a_week() -> None:
    told = Told()
    supervisor = told.world.supervisor()
    told.after(timedelta(0), supervisor).heard()

    # The clock stands on a Sunday morning.
    reports = [
        [title for title in told.after(timedelta(hours=12), supervisor).heard() if "REPORT" in title]
        for _ in range(2 * 9)
    ]
    assert [len(each) for each in reports] == [0, 0, 1, *([0] * 13), 1, 0]


# ---- the courier ----


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


def test_what_cannot_be_delivered_for_three_days_is_given_up_and_counted() -> None:
    told = with_waiting()
    told.notifier.troubles[URL] = "ntfy: no answer"

    for _ in range(40):
        told.heard()
        told.world.clock.advance(timedelta(hours=2))

    assert told.world.journal.pending() == []
    (counted,) = told.world.journal.channel_records()
    assert (counted.given_up, counted.trouble) == (1, "ntfy: no answer")


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


# ---- clients that sleep, prunes that are held ----

SLEEPER = house("web1", offline='"skip"', max_age='"3d"')
AWAY = Verdict(outcome=Outcome.FAILED, reason=Reason.UNREACHABLE, message="web1.lan:22 does not answer.")


def ended(world: World, trigger: Trigger = Trigger.SCHEDULE, end: Verdict = AWAY) -> RunRecord:
    begun = replace(record(None, run_id="new", started=world.clock.now()), trigger=trigger)
    world.journal.begin(begun)
    desk = replace(world.desk(threading.Event()), appliance=lambda: world.appliance)
    return record_end(desk, Watch(record=begun, container="c", deadline=begun.started), end)


def slept(age: timedelta | None) -> World:
    world = World(SLEEPER)
    if age is not None:
        world.journal.finish(record(run_id="old", started=world.clock.now() - age))
    return world


def test_a_client_that_sleeps_is_skipped_until_its_archive_is_too_old() -> None:
    young = ended(slept(timedelta(days=2)))
    assert (young.outcome, young.reason) == (Outcome.SKIPPED, Reason.OFFLINE)
    assert young.message.startswith("web1.lan:22 does not answer. It may sleep")

    for age in (timedelta(days=4), None):
        old = ended(slept(age))
        assert (old.outcome, old.reason) == (Outcome.FAILED, Reason.UNREACHABLE)


def test_absence_alone_is_spared_and_not_when_an_operator_asked() -> None:
    asked = ended(slept(timedelta(days=1)), Trigger.OPERATOR)
    key = ended(slept(timedelta(days=1)), end=replace(AWAY, reason=Reason.HOST_KEY))

    assert (asked.outcome, key.outcome) == (Outcome.FAILED, Outcome.FAILED)


def test_a_sleeper_is_tried_again_after_twenty_minutes() -> None:
    away = replace(record(Outcome.SKIPPED, Reason.OFFLINE), finished=NOON)
    due = decide(
        SLEEPER.clients[0], history(record(started=NOON - timedelta(days=1)), away),
        now=NOON + timedelta(minutes=19), zone=SLEEPER.timezone, first_seen=NOON,
    )  # fmt: skip

    assert isinstance(due, NotDue)
    assert due.until == NOON + timedelta(minutes=20)


def burst(client: str = "web1") -> list[LedgerEntry]:
    sizes = (900, 1, 1, 1, 800)
    return [
        LedgerEntry(
            client=client,
            archive=replace(
                archive(f"{client}-{number}", number),
                started=NOON - timedelta(days=9 - number),
                original_size=10**9,
                compressed_size=10**9,
                deduplicated_size=size * 10**6,
            ),
            run_id="old",
        )
        for number, size in enumerate(sizes)
    ]


def test_a_prune_is_skipped_while_a_burst_is_not_accepted() -> None:
    world = World(play=success)
    world.journal.finish(record(run_id="old"), burst())
    world.volumes.ground = replace(QUIET, has_repository=True, marker="us")

    def pruned(run_id: str) -> RunRecord:
        begun = replace(record(None, run_id=run_id), operation=Operation.PRUNE)
        world.journal.begin(begun)
        watch = Watch(record=begun, container="borgpull-web1", deadline=NOON + timedelta(days=1))
        order = Order(client=one(), settings=world.appliance.settings, appliance_id="us", watch=watch)
        found = run(world.desk(threading.Event()), order)
        assert found is not None
        return found

    held = pruned("first")
    assert (held.outcome, held.reason) == (Outcome.SKIPPED, Reason.CHANGE_BURST)
    assert world.engine.started == []

    world.journal.set_fact("change_accepted:web1", NOON.isoformat())
    assert pruned("second").reason is not Reason.CHANGE_BURST
    assert len(world.engine.started) == 1


def test_a_burst_is_told_and_over_once_it_is_accepted() -> None:
    told = Told(house("web1", settings='notify = ["ntfy://hunter2"]'))
    told.world.journal.finish(record(run_id="old", started=told.world.clock.now()), burst())
    supervisor = told.world.supervisor()

    assert "ALARM web1: change burst" in told.after(timedelta(0), supervisor).heard()

    told.world.journal.set_fact("change_accepted:web1", NOON.isoformat())
    assert told.after(LOOK_EVERY, supervisor).heard() == ["OVER web1: change burst"]
