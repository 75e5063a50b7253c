"""Without its tunnel a client is offline, which is no failure until its last archive is too old."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from appliance.plan.dial_in import asked_for, needs_the_client, scheduled, tunnel_gate
from appliance.plan.due import Due, callbacks, choose, decide
from appliance.record import Operation, Outcome, Reason, RestoreOrder, Trigger, Way
from tests.house import NOON, history, house, record
from tests.tunnels import calling_back, dialling

if TYPE_CHECKING:
    from appliance.ports import ClientHistory

CLIENT = dialling("web1", more='schedule = "30 2 * * *"\nmax_age = "36h"').clients[0]
ZONE = ZoneInfo("UTC")
GOOD = record(started=datetime(2026, 11, 22, 2, 30, tzinfo=UTC))
SKIPPED = (Outcome.SKIPPED, Reason.OFFLINE)
FAILED = (Outcome.FAILED, Reason.UNREACHABLE)


def ends(known: ClientHistory | None, now: datetime) -> tuple[Outcome, Reason | None] | None:
    verdict = scheduled(CLIENT, known, now=now, zone=ZONE)
    return None if verdict is None else (verdict.outcome, verdict.reason)


def tried(outcome: Outcome, reason: Reason, at: datetime) -> ClientHistory:
    return history(GOOD, record(outcome, reason, started=at, took=timedelta(0)))


def test_a_scheduled_run_is_skipped_once_for_each_scheduled_time_and_then_waits() -> None:
    monday = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)

    assert ends(history(GOOD), monday) == SKIPPED
    skipped = tried(*SKIPPED, monday)
    assert ends(skipped, monday + timedelta(hours=11)) is None


def test_when_the_last_archive_is_too_old_the_run_has_failed_once_for_each_scheduled_time() -> None:
    monday, tuesday = (datetime(2026, 11, day, 2, 30, tzinfo=UTC) for day in (23, 24))
    late = GOOD.started + timedelta(hours=36, seconds=1)

    assert ends(tried(*SKIPPED, monday), late) == FAILED
    assert ends(tried(*FAILED, late), late + timedelta(hours=2)) is None
    assert ends(tried(*FAILED, late), tuesday) == FAILED


def test_an_archive_dated_ahead_of_the_clock_is_no_fresh_one_and_a_last_run_of_then_says_nothing_each_second() -> None:
    ahead = record(started=NOON + timedelta(days=400))
    skipped = record(*SKIPPED, started=NOON - timedelta(days=2), took=timedelta(0))

    assert ends(replace(history(skipped), last_success=ahead), NOON) == FAILED
    assert ends(history(ahead), NOON) is None


def test_the_sentence_says_what_to_do() -> None:
    verdict = scheduled(CLIENT, history(GOOD), now=NOON + timedelta(days=9), zone=ZONE)

    assert verdict is not None
    assert "`borgpull client setup web1` prints" in verdict.message
    assert "2026-11-22 02:30 UTC, which is too old" in verdict.message


def test_a_client_that_never_ran_waits_in_silence() -> None:
    assert ends(None, NOON + timedelta(days=9)) is None


def test_what_an_operator_asks_for_is_skipped() -> None:
    verdict = asked_for("web1")

    assert (verdict.outcome, verdict.reason) == SKIPPED
    assert verdict.outcome.exit_code == 5


@pytest.mark.parametrize(("state", "refused"), [("up", False), ("down", True), ("", True)])
def test_only_an_open_tunnel_lets_a_run_through(state: str, *, refused: bool) -> None:
    assert (tunnel_gate(CLIENT, state) is not None) == refused
    assert tunnel_gate(house("web1").clients[0], state) is None


@pytest.mark.parametrize("last", [SKIPPED, FAILED])
def test_a_client_that_was_away_is_due_as_soon_as_its_tunnel_is_up(last: tuple[Outcome, Reason]) -> None:
    at = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
    known = tried(*last, at)

    def due(now: datetime, since: datetime | None) -> bool:
        found = decide(CLIENT, known, now=now, zone=ZONE, first_seen=NOON, reachable_since=since)
        return isinstance(found, Due)

    assert not due(at + timedelta(seconds=3), None)
    assert due(at + timedelta(seconds=3), at + timedelta(seconds=2))
    # It was up before that: no news, so the back-off holds.
    assert not due(at + timedelta(seconds=3), at - timedelta(seconds=2))


def test_other_failures_keep_their_back_off_when_a_tunnel_comes_up() -> None:
    at = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
    known = tried(Outcome.FAILED, Reason.CONNECTION_LOST, at)
    now = at + timedelta(seconds=3)

    assert not isinstance(decide(CLIENT, known, now=now, zone=ZONE, first_seen=NOON, reachable_since=now), Due)


def dues(*names: str) -> list[Due]:
    return [
        Due(client=name, trigger=Trigger.SCHEDULE, since=NOON + timedelta(seconds=index), reason="")
        for index, name in enumerate(names)
    ]


def test_two_clients_that_call_back_at_one_port_do_not_run_at_the_same_time() -> None:
    ports = callbacks(calling_back(db1=2222, db2=2222, db3=2223))
    assert ports == {"db1": 2222, "db2": 2222, "db3": 2223}

    assert [due.client for due in choose(dues("db1", "db2", "db3", "web1"), 4, ports)] == ["db1", "db3", "web1"]
    assert [due.client for due in choose(dues("db2", "db3"), 4, ports, busy=("db1",))] == ["db3"]
    assert [due.client for due in choose(dues("db2", "web1"), 1, ports, busy=("db1",))] == ["web1"]
    assert [due.client for due in choose(dues("db2"), 4, ports, busy=("web1",))] == ["db2"]
    assert choose(dues("db1"), 0, ports) == ()


def test_a_restore_onto_this_server_waits_for_nobody() -> None:
    here, there = (RestoreOrder(archive="a", way=way) for way in (Way.LOCAL, Way.NUMERIC))

    assert not needs_the_client(Operation.RESTORE, here)
    assert needs_the_client(Operation.RESTORE, there)
    assert needs_the_client(Operation.CREATE, None)
    assert not needs_the_client(Operation.PRUNE, None)
