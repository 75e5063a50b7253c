from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.notice import AlarmKind, Severity
from appliance.plan.alarms import holding
from appliance.plan.bursts import acceptance, change_gate
from appliance.plan.escrow import Outdated
from appliance.plan.observed import Observed, Room
from appliance.record import LedgerEntry, Operation, Outcome, Reason
from tests.house import NOON, archive, history, house, one, record

if TYPE_CHECKING:
    from appliance.notice import Alarm
    from appliance.ports import ClientHistory

HOUSE = house("web1", max_age='"36h"')
PRUNED = house("web1", max_age='"36h"', keep="{ daily = 7 }")
LONG_AGO = NOON - timedelta(days=30)
ROOMY = Room(free=500 << 30, size=1000 << 30)
MIB = 1_000_000


def seen(*histories: ClientHistory, **changes: object) -> Observed:
    found = Observed(
        appliance=HOUSE, histories=histories, first_seen={"web1": LONG_AGO}, exported=frozenset({"web1"}), room=ROOMY
    )
    return replace(found, **changes)  # type: ignore[arg-type]  # tests name the fields they change


def kinds(observed: Observed, after: timedelta = timedelta(hours=1)) -> list[AlarmKind]:
    return [alarm.kind for alarm in holding(observed, NOON + after)]


def the_one(observed: Observed, after: timedelta = timedelta(hours=1)) -> Alarm:
    (alarm,) = holding(observed, NOON + after)
    return alarm


def failed(reason: Reason, times: int = 1, operation: Operation = Operation.CREATE) -> ClientHistory:
    good = record(started=NOON - timedelta(hours=1), operation=operation)
    bad = replace(record(Outcome.FAILED, reason, operation=operation), message="It did not work.")
    return history(good, *([bad] * times))


def test_a_client_that_is_backed_up_has_no_alarm() -> None:
    assert kinds(seen(history(record()))) == []


def test_damage_that_a_check_found_is_an_alarm_whatever_went_well_since() -> None:
    checks = history(record(operation=Operation.CHECK))

    alarm = the_one(seen(history(record()), checks, damaged={"web1": "It is broken."}))

    assert (alarm.kind, alarm.severity, alarm.sentence) == (AlarmKind.DAMAGED, Severity.CRITICAL, "It is broken.")
    assert kinds(seen(history(record()), failed(Reason.INTEGRITY), damaged={"web1": "It is broken."})) == [
        AlarmKind.DAMAGED
    ]


def test_an_archive_older_than_max_age_is_overdue() -> None:
    last = seen(history(record()))

    assert kinds(last, timedelta(hours=36)) == []
    alarm = the_one(last, timedelta(hours=37))
    assert (alarm.kind, alarm.alarm_id) == (AlarmKind.OVERDUE, "overdue:web1")
    assert "2026-11-22 12:00 UTC" in alarm.sentence
    assert "`borgpull client probe web1`" in alarm.sentence


def test_an_archive_dated_ahead_of_the_clock_is_overdue_and_not_fresh_for_ever() -> None:
    ahead = history(record(started=NOON + timedelta(days=400)))

    alarm = the_one(seen(ahead))

    assert alarm.kind is AlarmKind.OVERDUE
    assert "is dated 2027-12-27 12:00 UTC, ahead of the clock, which was wrong then or is now" in alarm.sentence
    assert kinds(seen(history(record(started=NOON + timedelta(hours=20))))) == []


def test_failing_is_told_from_the_third_failure_on_or_as_configured() -> None:
    assert kinds(seen(failed(Reason.UNREACHABLE, 2))) == []
    alarm = the_one(seen(failed(Reason.UNREACHABLE, 3)))
    assert alarm.kind is AlarmKind.FAILING
    assert "3 backups of web1 failed (unreachable). It did not work. `borgpull history web1`" in alarm.sentence

    impatient = house("web1", failing_after="1")
    assert kinds(seen(failed(Reason.UNREACHABLE), appliance=impatient)) == [AlarmKind.FAILING]


def test_bytes_of_a_client_stand_in_an_alarm_as_escapes() -> None:
    said = replace(record(Outcome.FAILED, Reason.HOOK), message="hook: \udcff\x1b[31m")

    alarm = the_one(seen(history(record(), said), appliance=house("web1", failing_after="1")))

    assert r"hook: \udcff\x1b[31m `borgpull history web1`" in alarm.sentence


def test_a_client_that_never_succeeded_is_told_after_its_age_and_not_before() -> None:
    never = history(record(Outcome.FAILED, Reason.AUTH))
    fresh = seen(never, first_seen={"web1": NOON})

    assert kinds(fresh) == []
    assert kinds(fresh, timedelta(hours=37)) == [AlarmKind.NEVER_SUCCEEDED]
    assert kinds(seen()) == [AlarmKind.NEVER_SUCCEEDED]


@pytest.mark.parametrize(
    ("reason", "kind", "words"),
    [
        (Reason.TAMPERING, AlarmKind.TAMPERING, "`borgpull repair web1`"),
        (Reason.INTEGRITY, AlarmKind.DAMAGED, "integrity"),
        (Reason.COLLAPSED, AlarmKind.COLLAPSED, "--accept-shrink"),
        (Reason.HOST_KEY, AlarmKind.HOST_KEY, "`borgpull client trust web1`"),
    ],
)
def test_what_nobody_should_wait_for_is_told_at_the_first_run(reason: Reason, kind: AlarmKind, words: str) -> None:
    alarm = the_one(seen(failed(reason)))

    assert (alarm.kind, alarm.alarm_id) == (kind, f"{kind}:web1")
    assert words in alarm.sentence


def test_damage_is_told_whichever_operation_finds_it_and_once() -> None:
    good, bad = history(record()), failed(Reason.INTEGRITY, operation=Operation.PRUNE)

    assert kinds(seen(good, bad)) == [AlarmKind.DAMAGED]
    assert kinds(seen(failed(Reason.INTEGRITY), bad)) == [AlarmKind.DAMAGED]


BEFORE, AFTER = (history(record(started=NOON + timedelta(hours=hours))) for hours in (-2, 1))


def test_tampering_that_a_check_found_is_over_with_the_next_good_backup() -> None:
    bad = failed(Reason.TAMPERING, operation=Operation.CHECK)

    assert kinds(seen(BEFORE, bad)) == [AlarmKind.TAMPERING]
    assert kinds(seen(AFTER, bad)) == []


def test_tampering_that_a_prune_found_is_not_over_with_a_backup_which_looks_at_none_of_it() -> None:
    bad = failed(Reason.TAMPERING, operation=Operation.PRUNE)

    assert kinds(seen(AFTER, bad, appliance=PRUNED)) == [AlarmKind.TAMPERING]
    assert kinds(seen(AFTER, history(bad.last, record(operation=Operation.PRUNE)), appliance=PRUNED)) == []


def test_tampering_that_a_prune_found_is_over_with_a_good_backup_where_nothing_is_pruned_any_more() -> None:
    bad = failed(Reason.TAMPERING, operation=Operation.PRUNE)

    assert kinds(seen(BEFORE, bad)) == [AlarmKind.TAMPERING]
    assert kinds(seen(AFTER, bad)) == []


def test_a_good_backup_that_a_wrong_clock_dated_ahead_hides_no_tampering() -> None:
    ahead = record(started=NOON + timedelta(days=400))
    backups = history(ahead, record(Outcome.FAILED, Reason.TAMPERING))
    checks = failed(Reason.TAMPERING, operation=Operation.CHECK)

    assert AlarmKind.TAMPERING in kinds(seen(backups))
    assert AlarmKind.TAMPERING in kinds(seen(history(ahead), checks))
    # Nor once the clock has come to that day.
    assert AlarmKind.TAMPERING in kinds(seen(backups), timedelta(days=401))


def test_another_operation_that_goes_on_failing_is_told_too_but_backups_first() -> None:
    pruning, creating = (failed(Reason.LOCK, 3, operation) for operation in (Operation.PRUNE, Operation.CREATE))

    assert "The last 3 runs of prune of web1 failed (lock)" in the_one(seen(history(record()), pruning)).sentence
    assert "The last 3 backups of web1 failed (lock)" in the_one(seen(pruning, creating)).sentence


def test_a_key_that_was_never_exported_is_told_after_a_day() -> None:
    at_home = seen(history(record()), exported=frozenset(), first_seen={"web1": NOON})

    assert kinds(at_home, timedelta(hours=23)) == []
    assert kinds(at_home, timedelta(hours=25)) == [AlarmKind.KEY_NOT_EXPORTED]
    assert "`borgpull key export web1`" in the_one(at_home, timedelta(hours=25)).sentence


def test_an_escrow_is_out_of_date_a_day_after_something_was_added() -> None:
    lacking = Outdated(made=LONG_AGO, since=NOON, why="configuration, keys or secrets have changed since")
    late = seen(history(record()), escrow=lacking)

    assert kinds(late, timedelta(hours=23)) == []
    assert kinds(late, timedelta(hours=25)) == [AlarmKind.ESCROW_OUTDATED]
    assert "`borgpull escrow`" in the_one(late, timedelta(hours=25)).sentence


@pytest.mark.parametrize(
    ("free", "severity"),
    [(60 << 30, None), (49 << 30, Severity.WARNING), (1 << 29, Severity.CRITICAL)],
)
def test_a_disk_is_filling_below_a_twentieth_and_full_below_the_floor(free: int, severity: Severity | None) -> None:
    found = holding(seen(history(record()), room=Room(free=free, size=1000 << 30)), NOON)

    assert [alarm.severity for alarm in found] == ([severity] if severity else [])
    assert [alarm.alarm_id for alarm in found] == (["disk_filling"] if severity else [])


def test_the_appliance_tells_of_its_configuration_and_its_engine() -> None:
    wrong = seen(history(record()), config_problems=("a.toml: x: wrong", "b.toml: y: wrong"), engine_trouble="gone")

    config, engine = holding(wrong, NOON)

    assert config.sentence.endswith("a.toml: x: wrong (and 1 more). `borgpull config check` lists every problem.")
    assert (engine.alarm_id, engine.severity) == ("engine_down", Severity.CRITICAL)


def test_a_disabled_client_and_one_that_is_gone_have_no_alarm() -> None:
    disabled = house("web1", enabled="false")
    stranger = replace(failed(Reason.TAMPERING), client="other")

    assert kinds(seen(failed(Reason.TAMPERING), appliance=disabled)) == []
    assert kinds(seen(history(record()), stranger)) == []


# ---- change burst ----


def ledger(*added: int, whole: int = 400 * MIB) -> list[LedgerEntry]:
    return [
        LedgerEntry(
            client="web1",
            archive=replace(
                archive(f"web1-{number}", number),
                started=NOON + timedelta(days=number),
                original_size=2 * whole,
                compressed_size=whole,
                deduplicated_size=size,
            ),
            run_id=f"run-{number}",
        )
        for number, size in enumerate(added)
    ]


USUAL = (400 * MIB, MIB, 2 * MIB, 3 * MIB)


@pytest.mark.parametrize(
    ("added", "held"),
    [
        ((*USUAL, 300 * MIB), True),
        ((*USUAL, 300 * MIB, 0, 0, 0), True),  # it does not heal by itself
        ((*USUAL, 100 * MIB), False),  # a quarter of the data
        ((400 * MIB, 40 * MIB, 40 * MIB, 40 * MIB, 300 * MIB), False),  # much, but not ten times the usual
        ((400 * MIB, MIB, MIB, 300 * MIB), False),  # nobody knows yet what is usual
    ],
)
def test_prune_is_held_when_too_much_changed_at_once(added: tuple[int, ...], held: bool) -> None:  # noqa: FBT001
    refusal = change_gate(one(), ledger(*added), None)

    assert (refusal is not None) == held
    if refusal:
        assert refusal.reason is Reason.CHANGE_BURST
        assert "75% of its data at once: web1-4 added 286 MiB, where 2 MiB are usual" in refusal.sentence


def test_little_data_is_no_burst_whatever_its_share() -> None:
    assert change_gate(one(), ledger(*(size // 10 for size in (*USUAL, 300 * MIB)), whole=40 * MIB), None) is None


def test_what_was_accepted_holds_nothing_and_what_comes_after_does() -> None:
    burst = ledger(*USUAL, 300 * MIB, 0, 0, 0, 0, 390 * MIB)
    accepted = burst[4].archive.started.isoformat()

    assert change_gate(one(), burst[:-1], accepted) is None
    again = change_gate(one(), burst, accepted)
    assert again is not None
    assert "web1-9" in again.sentence
    assert change_gate(one(max_change="1.0"), burst, None) is None


def test_a_burst_that_is_dated_ahead_can_be_accepted_and_hides_none_that_comes_after() -> None:
    *before, burst = ledger(*USUAL, 300 * MIB)
    ahead = replace(burst, archive=replace(burst.archive, started=NOON.replace(year=2038)))
    until, accepted = acceptance([*before, ahead], now := NOON + timedelta(days=5))
    later = ledger(*USUAL, 0, 0, 0, 390 * MIB)[-1]

    assert until == before[-1].archive.started < now
    assert change_gate(one(), [*before, ahead], None) is not None
    assert change_gate(one(), [*before, ahead], accepted) is None
    assert change_gate(one(), [*before, later, ahead], accepted) is not None


def test_a_burst_is_an_alarm() -> None:
    alarm = the_one(seen(history(record()), bursts={"web1": "web1 changed."}))

    assert (alarm.kind, alarm.sentence) == (AlarmKind.CHANGE_BURST, "web1 changed.")
