"""What may be pruned: by which rules, never everything, and never beside archives that nobody vouches for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.borg import prune as verbs
from appliance.plan import retention
from appliance.plan.events import ListedArchive
from appliance.plan.gates import ledger_gate, missing
from appliance.plan.make import plan_run
from appliance.record import LedgerEntry, Operation, Outcome, Reason
from tests.house import NOON, archive, history, one, record

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan

FIRST, SECOND = archive("web1-2026-11-21T12:00:00", 1), archive("web1-2026-11-22T12:00:00", 2)


def planned(keep: str = "{ daily = 7 }", method: str = "sshfs") -> RunPlan:
    ledger = [LedgerEntry(client="web1", archive=each, run_id="r") for each in (FIRST, SECOND)]
    plan = plan_run(one(keep=keep), "prune", run_id="run-1", now=NOON, appliance_id="us", ledger=ledger)
    return replace(plan, method=method)


def listed(number: int, name: str) -> ListedArchive:
    return ListedArchive(name=name, id=f"{number:064x}", started=NOON)


THERE = (listed(1, FIRST.name), listed(2, SECOND.name))
STRANGER = listed(3, "web1-2027-01-01T00:00:00")


@pytest.mark.parametrize(
    ("keep", "options"),
    [
        ("{ daily = 7 }", "--keep-daily 7"),
        ('{ within = "36h", yearly = 2 }', "--keep-within 36H --keep-yearly 2"),
        ('{ within = "7d" }', "--keep-within 168H"),
        ('{ within = "90m" }', "--keep-within 2H"),
        (
            "{ last = 1, hourly = 2, daily = 3, weekly = 4, monthly = 5, yearly = 6 }",
            "--keep-last 1 --keep-hourly 2 --keep-daily 3 --keep-weekly 4 --keep-monthly 5 --keep-yearly 6",
        ),
    ],
)
def test_the_rules_become_options_of_borg_and_no_span_gets_shorter(keep: str, options: str) -> None:
    assert " ".join(planned(keep).keep) == options


def test_without_rules_and_without_a_remainder_nothing_is_pruned() -> None:
    none = retention.rules_gate(replace(planned(), keep=()))
    everything = retention.remainder_gate(planned(), THERE, ())

    assert none is not None
    assert everything is not None
    assert (none.reason, everything.reason) == (Reason.RETENTION, Reason.RETENTION)
    assert retention.rules_gate(planned()) is None
    assert retention.remainder_gate(planned(), THERE[1:], THERE[:1]) is None
    assert retention.remainder_gate(planned(), (), ()) is None


def test_an_archive_of_another_name_is_not_what_remains_of_a_client() -> None:
    foreign = listed(9, "laptop-2020")

    refusal = retention.remainder_gate(planned(), THERE, (foreign,))
    unknown = retention.remainder_gate(replace(planned(), known=()), THERE, (foreign,))

    assert refusal is not None
    assert unknown is not None


def test_an_archive_dated_ahead_stops_a_prune_before_it_takes_the_place_of_good_ones() -> None:
    plan, day = planned(), timedelta(days=1)
    ahead = replace(listed(3, "web1-2036-01-01T00:00:00"), started=NOON.replace(year=2036))
    foreign = replace(ahead, name="laptop-2036")

    refusal = retention.ahead_gate(plan, (*THERE, ahead), NOON)

    assert refusal is not None
    assert refusal.reason is Reason.RETENTION
    assert ahead.name in refusal.sentence
    assert "`borgpull repair web1 --accept`" in refusal.sentence
    assert retention.ahead_gate(plan, THERE, NOON - day) is None
    # No rule sees what has another name.
    assert retention.ahead_gate(plan, (*THERE, foreign), NOON) is None


def test_archives_that_a_client_made_itself_stop_a_prune() -> None:
    refusal = retention.stranger_gate(planned(method="socat"), (*THERE, STRANGER))

    assert refusal is not None
    assert refusal.reason is Reason.TAMPERING
    assert STRANGER.name in refusal.sentence
    assert retention.stranger_gate(planned(method="socat"), THERE) is None
    # Where Borg runs here, it is one of ours that a crash kept from being recorded.
    assert retention.stranger_gate(planned(), (*THERE, STRANGER)) is None


def test_another_method_makes_no_archive_true_that_the_client_made_itself_before() -> None:
    refusal = retention.stranger_gate(replace(planned(), wrote_itself=True), (*THERE, STRANGER))

    assert refusal is not None
    assert refusal.reason is Reason.TAMPERING


def test_an_archive_is_the_same_only_with_its_id_and_its_start() -> None:
    plan = planned()
    another, moved = replace(THERE[0], id="f" * 64), replace(THERE[0], started=NOON.replace(year=2030))

    assert missing(plan, THERE) == ()
    assert [known.name for known in missing(plan, (another, THERE[1]))] == [FIRST.name]
    assert [known.name for known in missing(plan, (moved, THERE[1]))] == [FIRST.name]


def test_what_a_prune_of_ours_was_about_to_delete_is_no_tampering() -> None:
    plan = planned()

    assert ledger_gate(plan, THERE[1:], frozenset({FIRST.id})) is None
    refusal = ledger_gate(plan, (), frozenset({FIRST.id}))
    assert refusal is not None
    assert refusal.reason is Reason.TAMPERING
    assert SECOND.name in refusal.sentence
    assert FIRST.name not in refusal.sentence


def test_what_borg_would_prune_is_read_by_id() -> None:
    said = (
        f"Keeping archive (rule: daily #1):            web1-b     Sat, 2026-01-03 00:00:00 [{2:064x}]",
        f"Would prune:                                 web1-a     Fri, 2026-01-02 00:00:00 [{1:064x}]",
        f"Keeping archive (rule: daily #2): Would prune: [{7:064x}] Fri, 2026-01-02 00:00:00 [{3:064x}]",
    )
    lines = [json.dumps({"type": "log_message", "message": one, "levelname": "INFO"}) for one in said]

    assert verbs.read_doomed("\n".join(lines)) == {f"{1:064x}"}


def test_a_prune_asks_for_final_names_of_this_client_and_deletes_by_name() -> None:
    asked, deleting = verbs.would_prune(planned()), verbs.delete(planned(), ("web1-a", "-odd"))

    assert asked.argv[asked.argv.index("prune") :] == (
        *("prune", "--dry-run", "--list", "--keep-daily", "7", "--glob-archives", "web1-*", "/.borgpull/repository"),
    )
    assert deleting.argv[deleting.argv.index("delete") :] == ("delete", "--", "/.borgpull/repository", "web1-a", "-odd")


def test_a_prune_of_a_client_with_compact_after_frees_what_went_so_long_before() -> None:
    client = one(keep="{ daily = 7 }", compact_after='"7d"')
    before = history(record(operation=Operation.PRUNE))
    ended = before.last.finished
    assert ended is not None

    assert retention.compacting(one(), before, NOON) == "after"
    assert retention.compacting(client, None, NOON) == "later"
    assert retention.compacting(client, before, ended + timedelta(days=7, seconds=-1)) == "later"
    assert retention.compacting(client, before, ended + timedelta(days=7)) == "before"


def test_a_prune_that_broke_off_frees_nothing_at_its_next_try_where_compact_after_promises_a_way_back() -> None:
    client = one(keep="{ daily = 7 }", compact_after='"7d"')
    good = record(operation=Operation.PRUNE)
    month = timedelta(days=30)
    broken = record(Outcome.INTERRUPTED, Reason.KILLED, operation=Operation.PRUNE, started=NOON + month)
    skipped = record(Outcome.SKIPPED, Reason.BUSY, operation=Operation.PRUNE, started=NOON + 2 * month)

    assert retention.compacting(client, history(good, broken), NOON + 2 * month) == "later"
    assert retention.compacting(client, history(good, broken, skipped), NOON + 2 * month) == "later"
    assert retention.compacting(client, history(good, skipped), NOON + 2 * month) == "before"


def test_a_protected_archive_is_kept_whatever_letters_its_name_has() -> None:
    name = "web1-[before upgrade]*"
    plan = plan_run(one(), "prune", run_id="run-1", now=NOON, appliance_id="us", protected=[name])

    assert retention.is_protected(plan, name)
    assert not retention.is_protected(plan, "web1-b")


@pytest.mark.parametrize(
    ("pattern", "is_it"),
    [(FIRST.name, True), ("web1-2026-11-21T*", True), ("*", True), ("web1-2026-11-22*", False), ("web1", False)],
)
def test_protected_is_what_a_name_or_pattern_names(pattern: str, is_it: bool) -> None:  # noqa: FBT001 - an outcome
    plan = plan_run(
        one(protect=f'["{pattern}"]'), "prune", run_id="run-1", now=NOON, appliance_id="us", protected=["other"]
    )

    assert retention.is_protected(plan, FIRST.name) is is_it
    assert retention.is_protected(plan, "other") or pattern != "*"


def test_what_borg_would_keep_is_read_with_its_rule_whatever_an_archive_is_called() -> None:
    lines = [
        f"Keeping archive (rule: daily #1):             web1-a   Sun, 2026-11-22 12:00:00 [{FIRST.id}]",
        f"Keeping archive (rule: monthly[oldest] #2):   x (rule: yearly #9): [{'f' * 64}]  Sun [{SECOND.id}]",
        f"Would prune:                                  Keeping archive (rule: daily #1): [{'e' * 64}]",
    ]
    said = "\n".join(json.dumps({"type": "log_message", "levelname": "INFO", "message": line}) for line in lines)

    assert verbs.read_kept(said) == {FIRST.id: "daily 1", SECOND.id: "monthly[oldest] 2"}
    assert verbs.read_doomed(said) == {"e" * 64}
