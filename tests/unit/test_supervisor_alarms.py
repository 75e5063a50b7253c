"""What a running supervisor tells, and that it is told once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.notice import Alarm, AlarmKind, AlarmState, Severity
from appliance.plan.escrow import FACT, EscrowFact
from appliance.plan.events import write
from appliance.record import Operation, Outcome, Reason
from appliance.supervisor.alarms import LOOK_EVERY, REPORT_SENT, Alarms
from appliance.wiring import trouble
from tests.fakes import Script
from tests.house import NOON, bad, house, record
from tests.supervised import FakeVolumes, World, success
from tests.told import QUIET, TOLD, Told, burst

if TYPE_CHECKING:
    import pytest

    from appliance.plan.launch_gates import Ground
    from appliance.plan.observed import Room


def failing(_spec: object) -> Script:
    return Script(lines=(write(bad(Reason.HOST_KEY)),), exit_code=3)


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


def test_a_run_that_a_wrong_clock_dated_ahead_is_not_the_one_before_each_that_follows() -> None:
    told = Told(world=World(TOLD, play=failing))
    ahead = record(Outcome.FAILED, Reason.AUTH, started=NOON.replace(year=2036), run_id="ahead")
    told.world.journal.finish(ahead)
    supervisor = told.world.supervisor()

    heard = [told.after(timedelta(hours=6), supervisor).heard() for _ in range(3)]

    assert sum("FAILED web1: create" in titles for titles in heard) == 1


def off(_spec: object) -> Script:
    return Script(lines=(write(bad(Reason.UNREACHABLE)),), exit_code=3)


def test_a_host_key_that_has_changed_is_not_over_because_the_machine_is_off() -> None:
    told = Told(world=World(TOLD, play=failing))
    supervisor = told.world.supervisor()
    assert "ALARM web1: host key" in told.after(timedelta(0), supervisor).heard()

    told.world.engine.play = off
    heard = told.after(timedelta(hours=6), supervisor).heard() + told.after(LOOK_EVERY, told.world.supervisor()).heard()
    assert [title for title in heard if "host key" in title] == []

    told.world.engine.play = success
    assert "OVER web1: host key" in told.after(timedelta(hours=6), supervisor).heard()


def test_an_alarm_that_goes_on_is_over_with_a_good_run_although_another_is_dated_ahead() -> None:
    told = Told(world=World(TOLD, play=failing))
    supervisor = told.world.supervisor()
    told.after(timedelta(0), supervisor).heard()
    ahead = record(Outcome.FAILED, Reason.UNREACHABLE, started=NOON.replace(year=2036), run_id="ahead")
    told.world.journal.finish(ahead)
    told.world.engine.play = off
    assert "OVER web1: host key" not in told.after(timedelta(hours=6), supervisor).heard()

    told.world.engine.play = success

    assert "OVER web1: host key" in told.after(timedelta(hours=6), supervisor).heard()


def test_an_alarm_is_not_over_because_the_run_that_raised_it_is_forgotten() -> None:
    told = Told(world=World(TOLD, play=off))
    journal, now = told.world.journal, told.world.clock.now()
    found = Alarm(kind=AlarmKind.HOST_KEY, client="web1", severity=Severity.CRITICAL, sentence="It has changed.")
    journal.settle([AlarmState(alarm=found, raised=now - timedelta(days=93), told=now)], [])
    supervisor = told.world.supervisor()
    assert "OVER web1: host key" not in told.after(timedelta(0), supervisor).heard()

    told.world.engine.play = success

    assert "OVER web1: host key" in told.after(timedelta(hours=6), supervisor).heard()


def test_the_alarm_of_a_client_that_is_watched_no_more_ends_whatever_it_was() -> None:
    told = Told(world=World(TOLD, play=failing))
    told.after(timedelta(0), told.world.supervisor()).heard()

    told.world.appliance = house("web1", settings='notify = ["ntfy://hunter2"]', enabled="false")

    assert told.after(LOOK_EVERY, told.world.supervisor()).heard() == ["UNWATCHED web1: host key"]


def test_tampering_that_a_prune_found_is_over_once_nothing_is_pruned_any_more_and_a_backup_was_good() -> None:
    pruned = house("web1", settings='notify = ["ntfy://hunter2"]', keep="{ daily = 7 }")
    told = Told(world=World(pruned))
    supervisor = told.world.supervisor()
    told.after(timedelta(0), supervisor).heard()
    found = record(Outcome.FAILED, Reason.TAMPERING, operation=Operation.PRUNE, started=told.world.clock.now())
    told.world.journal.finish(replace(found, run_id="p"))
    assert "ALARM web1: tampering" in told.after(LOOK_EVERY, told.world.supervisor()).heard()

    told.world.appliance, told.world.version = house("web1", settings='notify = ["ntfy://hunter2"]'), 2
    supervisor = told.world.supervisor()
    heard = [title for _ in range(6) for title in told.after(timedelta(hours=6), supervisor).heard()]

    assert heard.count("OVER web1: tampering") == 1


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


def test_what_was_told_needs_no_grace_after_a_restart() -> None:
    told = Told()
    supervisor = told.world.supervisor()
    told.after(timedelta(0), supervisor).heard()
    told.world.journal.set_fact("config_problems", json.dumps(["borgpull.toml: x: wrong"]))
    told.after(LOOK_EVERY, supervisor)
    assert told.after(timedelta(minutes=6), supervisor).heard() == ["ALARM borgpull: config invalid"]

    Alarms(told.world.journal, told.world.volumes.room).look(TOLD, None, told.world.clock.now(), "")

    assert told.heard() == []


class Blind(FakeVolumes):
    """Volumes whose room can be looked at or not."""

    is_blind = False

    def room(self) -> Room:
        if self.is_blind:
            raise StateError("/repos cannot be looked at")
        return super().room()


def test_a_disk_that_nobody_can_look_at_any_more_is_not_said_to_have_room_again() -> None:
    told = Told()
    told.world.volumes = volumes = Blind(ground=replace(QUIET, free_space=1 << 30))
    supervisor = told.world.supervisor()
    assert "ALARM borgpull: disk filling" in told.after(timedelta(0), supervisor).heard()

    volumes.is_blind = True
    assert told.after(LOOK_EVERY, supervisor).heard() == []
    assert told.after(LOOK_EVERY, told.world.supervisor()).heard() == []

    volumes.is_blind, volumes.ground = False, QUIET
    assert told.after(LOOK_EVERY, supervisor).heard() == ["OVER borgpull: disk filling"]


def test_an_engine_that_is_down_is_told_although_nothing_runs() -> None:
    told = Told()
    supervisor = told.world.supervisor()
    told.after(timedelta(0), supervisor).heard()
    told.world.engine.outage = "no answer"

    for _ in range(3):
        told.world.clock.advance(timedelta(minutes=3))
        supervisor.tick()

    assert told.heard() == ["ALARM borgpull: engine down"]
    Alarms(told.world.journal, told.world.volumes.room).look(TOLD, None, told.world.clock.now(), None)
    assert told.heard() == []


def test_a_clock_that_is_set_back_within_the_grace_does_not_hold_an_alarm_back_until_it_has_caught_up() -> None:
    told = Told()
    supervisor = told.world.supervisor()
    told.after(timedelta(0), supervisor).heard()
    told.world.journal.set_fact("config_problems", json.dumps(["borgpull.toml: x: wrong"]))
    assert told.after(timedelta(minutes=1), supervisor).heard() == []

    assert told.after(timedelta(hours=-2), supervisor).heard() == []
    assert told.after(timedelta(minutes=6), supervisor).heard() == ["ALARM borgpull: config invalid"]


def tick_thrice(told: Told) -> None:
    """Let a supervisor look three times, half a day apart."""
    supervisor = told.world.supervisor()
    for _ in range(3):
        supervisor.tick()
        told.world.clock.advance(timedelta(hours=13))


class Unseen(FakeVolumes):
    """Volumes of which nothing can be seen, so that no run can be launched."""

    def survey(self, client: str) -> Ground:
        raise StateError(f"/config cannot be read for {client}")


def test_an_alarm_is_told_although_launching_fails_at_each_tick() -> None:
    told = Told()
    told.world.volumes = Unseen(ground=QUIET)

    tick_thrice(told)

    assert told.heard() == ["ALARM web1: never succeeded"]


class Faulty(FakeVolumes):
    """Volumes at which a fault of ours comes to light whenever a run is to be launched."""

    def survey(self, client: str) -> Ground:
        raise LookupError(f"a bug at {client}")


def test_a_fault_of_ours_in_one_act_ends_neither_the_alarms_nor_the_supervisor(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = Told()
    told.world.volumes = Faulty(ground=QUIET)

    tick_thrice(told)

    # Whoever asks how it is hears of it too, since nothing starts.
    last = told.world.clock.now() - timedelta(hours=13)
    assert "LookupError('a bug at web1')" in trouble(told.world.journal, last)
    assert told.heard() == ["ALARM web1: never succeeded"]
    assert caplog.text.count("LookupError: a bug at web1") == 1


def test_the_key_at_home_is_told_until_it_is_exported() -> None:
    told = Told()
    supervisor = told.world.supervisor()
    told.after(timedelta(0), supervisor).heard()

    assert "ALARM web1: key not exported" in told.after(timedelta(hours=25), supervisor).heard()

    told.world.journal.set_fact("key_exported:web1", "now")
    assert told.after(LOOK_EVERY, supervisor).heard() == ["OVER web1: key not exported"]


def test_an_escrow_that_lacks_a_key_is_told_a_day_later_and_a_client_that_is_gone_needs_none() -> None:
    told = Told()
    supervisor = told.world.supervisor()
    told.after(timedelta(0), supervisor).heard()
    told.world.journal.finish(record(client="long-gone", run_id="of-the-past"))
    escrow = EscrowFact(made=told.world.clock.now(), fingerprint="", repositories={"web1": "id"})

    told.world.journal.set_fact(FACT, escrow.to_json())
    assert "ALARM borgpull: escrow outdated" not in told.after(timedelta(hours=25), supervisor).heard()

    told.world.journal.set_fact(FACT, replace(escrow, repositories={}).to_json())
    told.after(LOOK_EVERY, supervisor).heard()
    assert "ALARM borgpull: escrow outdated" in told.after(timedelta(hours=25), supervisor).heard()


def test_an_outdated_escrow_is_not_over_because_the_folder_cannot_be_read() -> None:
    told, folder = Told(), ["changed"]
    journal, now = told.world.journal, told.world.clock.now()
    journal.set_fact(FACT, EscrowFact(made=now, fingerprint="as it was", repositories={}).to_json())

    def fingerprint() -> str:
        if not folder:
            raise StateError("/config cannot be read")
        return folder[0]

    def heard(after: timedelta) -> list[str]:
        Alarms(journal, told.world.volumes.room, fingerprint).look(TOLD, None, now + after, "")
        return [title for title in told.heard() if "escrow" in title]

    assert heard(timedelta(0)) == []
    assert heard(timedelta(hours=25)) == ["ALARM borgpull: escrow outdated"]
    folder.clear()
    assert heard(timedelta(hours=26)) == []
    folder.append("as it was")
    assert heard(timedelta(hours=27)) == ["OVER borgpull: escrow outdated"]


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


def test_a_report_that_was_sent_while_the_clock_was_ahead_is_not_the_last_until_then() -> None:
    told = Told()
    told.world.journal.set_fact(REPORT_SENT, NOON.replace(year=2038).isoformat())
    supervisor = told.world.supervisor()

    # The clock stands on a Sunday morning.
    heard = [title for _ in range(4) for title in told.after(timedelta(hours=12), supervisor).heard()]

    assert [title for title in heard if "REPORT" in title] == ["REPORT borgpull: 1 ok, 1 alarm"]


def test_a_burst_is_told_and_over_once_it_is_accepted() -> None:
    told = Told(house("web1", settings='notify = ["ntfy://hunter2"]'))
    told.world.journal.finish(record(run_id="old", started=told.world.clock.now()), burst())
    supervisor = told.world.supervisor()

    assert "ALARM web1: change burst" in told.after(timedelta(0), supervisor).heard()

    told.world.journal.set_fact("change_accepted:web1", NOON.isoformat())
    assert told.after(LOOK_EVERY, supervisor).heard() == ["OVER web1: change burst"]
