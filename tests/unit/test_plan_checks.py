"""What checks find and when they are due: each archive in its time, damage until it is known to be gone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.plan.checked import REPOSITORY, Checked, after, damage_gate
from appliance.plan.checks import archives_due, everything, plan_check, repository_due
from appliance.plan.due import PERMANENT, Due, NotDue
from appliance.plan.events import CheckFindings
from appliance.plan.upkeep import UPKEEP_BACK_OFF, Kept, decide_upkeep
from appliance.ports import ClientHistory
from appliance.record import LedgerEntry, Operation, Outcome, Reason, RunRecord, Trigger
from tests.house import NOON, archive, history, one, record

if TYPE_CHECKING:
    from appliance.config.model import Client

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
WEB = one(schedule='"30 2 * * *"', check='{ drill = "never" }')
SPRING, AUTUMN = datetime(2026, 3, 22, 11, tzinfo=UTC), datetime(2026, 10, 18, 11, tzinfo=UTC)


def kept_archive(number: int, started: datetime = NOON) -> LedgerEntry:
    stats = replace(archive(f"web1-{started:%Y-%m-%dT%H:%M:%S}", number), started=started)
    return LedgerEntry(client="web1", archive=stats, run_id=f"run-{number}")


DRILL_ONLY = '{ repository = "never", data = "never" }'
LEDGER = [kept_archive(1), kept_archive(2)]
FIRST, SECOND = (entry.archive.id for entry in LEDGER)


def check(outcome: Outcome = Outcome.SUCCESS, reason: Reason | None = None, *, started: datetime = NOON) -> RunRecord:
    return replace(record(outcome, reason, started=started, operation=Operation.CHECK), message="It is broken.")


DAMAGED = check(Outcome.FAILED, Reason.INTEGRITY)


def known(
    run: RunRecord, findings: CheckFindings | None, before: Checked | None = None, ledger: list[LedgerEntry] = LEDGER
) -> Checked:
    found = after(before or Checked(), run, findings, ledger)
    assert found is not None
    return found


# ---- what is known after a check ----


def test_a_good_check_is_remembered_by_what_it_read() -> None:
    found = known(check(), CheckFindings(repository="whole", verified=(FIRST,)))

    assert found.repository == NOON + timedelta(minutes=10)
    assert found.archives.keys() == {FIRST}
    assert damage_gate("web1", found) is None


def test_a_check_dated_ahead_by_a_wrong_clock_is_due_again_and_not_in_years() -> None:
    ahead = NOON.replace(year=2035)
    found = known(check(started=ahead), CheckFindings(repository="whole", verified=(FIRST,)))

    assert (found.by(NOON).repository, found.by(NOON).archives) == (None, {})
    assert found.by(ahead) == found


def test_a_look_in_part_is_not_the_whole() -> None:
    found = known(check(), CheckFindings(repository="part"))

    assert (found.repository, found.unfinished) == (None, True)
    assert known(check(), CheckFindings(repository="whole"), found).unfinished is False


@pytest.mark.parametrize(
    ("findings", "what"),
    [
        (CheckFindings(repository="damaged"), REPOSITORY),
        (CheckFindings(damaged=(FIRST,), verified=(SECOND,)), FIRST),
        (None, REPOSITORY),
    ],
)
def test_damage_holds_every_prune_with_a_sentence(findings: CheckFindings | None, what: str) -> None:
    found = known(DAMAGED, findings)
    refusal = damage_gate("web1", found)

    assert found.damaged == {what}
    assert refusal is not None
    assert refusal.reason is Reason.INTEGRITY
    assert "It is broken." in refusal.sentence
    assert "borgpull run web1 --operation check" in refusal.sentence


@pytest.mark.parametrize(
    "since",
    [
        CheckFindings(repository="whole", verified=(SECOND,)),
        CheckFindings(repository="part"),
        CheckFindings(),
    ],
)
def test_a_good_check_of_something_else_does_not_end_damage(since: CheckFindings) -> None:
    before = known(DAMAGED, CheckFindings(damaged=(FIRST,)))

    later = known(check(started=NOON + DAY), since, before)

    assert later.damaged == {FIRST}
    assert (later.since, later.sentence) == (before.since, before.sentence)


def test_files_that_are_damaged_are_whole_only_when_all_of_them_were_read() -> None:
    before = known(DAMAGED, CheckFindings(repository="damaged"))

    assert known(check(), CheckFindings(repository="part"), before).damaged == {REPOSITORY}
    assert known(check(), CheckFindings(repository="whole"), before).damaged == frozenset()


def test_what_was_repaired_and_read_again_is_whole() -> None:
    before = known(DAMAGED, CheckFindings(repository="damaged", damaged=(FIRST,)))

    later = known(check(started=NOON + DAY), CheckFindings(repository="whole", verified=(FIRST,)), before)

    assert (later.damaged, later.since, later.sentence) == (frozenset(), None, "")


def test_a_damaged_archive_that_the_operator_gave_up_is_forgotten_by_the_next_good_check() -> None:
    before = known(DAMAGED, CheckFindings(damaged=(FIRST,)))

    assert known(DAMAGED, CheckFindings(damaged=(SECOND,)), before, LEDGER[1:]).damaged == {FIRST, SECOND}
    assert known(check(), CheckFindings(verified=(SECOND,)), before, LEDGER[1:]).damaged == frozenset()


@pytest.mark.parametrize(
    "run",
    [
        check(Outcome.FAILED, Reason.LOCK),
        check(Outcome.INTERRUPTED, Reason.STOPPED),
        record(Outcome.FAILED, Reason.INTEGRITY),
    ],
)
def test_a_check_that_did_not_come_to_an_end_tells_nothing(run: RunRecord) -> None:
    assert after(Checked(), run, CheckFindings(repository="whole"), LEDGER) is None


def drill(outcome: Outcome = Outcome.SUCCESS, reason: Reason | None = None) -> RunRecord:
    return replace(check(outcome, reason), operation=Operation.DRILL)


def test_damage_that_a_drill_found_holds_prunes_until_a_check_has_read_that_archive_whole() -> None:
    read = known(check(), CheckFindings(repository="whole", verified=(SECOND,)))
    later = replace(drill(Outcome.FAILED, Reason.INTEGRITY), finished=NOON + DAY)

    found = known(later, CheckFindings(damaged=(FIRST,)), read)

    assert found.damaged == {FIRST}
    assert damage_gate("web1", found) is not None
    # A sample is no whole read: what is to be read next stays as it was.
    assert (found.repository, found.archives) == (read.repository, read.archives)
    assert after(found, drill(), None, LEDGER) is None
    assert known(check(), CheckFindings(repository="whole", verified=(SECOND,)), found).damaged == {FIRST}
    assert known(check(), CheckFindings(verified=(FIRST,)), found).damaged == frozenset()


def test_a_repository_that_does_not_open_for_a_drill_is_damaged() -> None:
    assert known(drill(Outcome.FAILED, Reason.INTEGRITY), None).damaged == {REPOSITORY}


@given(
    repository=st.one_of(st.none(), st.just(NOON)),
    unfinished=st.booleans(),
    archives=st.dictionaries(st.sampled_from([FIRST, SECOND]), st.just(NOON)),
    damaged=st.frozensets(st.sampled_from([FIRST, REPOSITORY])),
)
def test_what_is_known_comes_back_from_the_journal(
    *, repository: datetime | None, unfinished: bool, archives: dict[str, datetime], damaged: frozenset[str]
) -> None:
    checked = Checked(
        repository=repository, unfinished=unfinished, archives=archives, damaged=damaged, since=NOON, sentence="é"
    )

    assert Checked.from_json(checked.to_json()) == checked
    assert Checked.from_json(None) == Checked()


# ---- what one check reads ----


def planned(checked: Checked, now: datetime, *, size: int = 0, client: Client = WEB) -> tuple[str, tuple[str, ...]]:
    plan = plan_check(client, checked, LEDGER, now=now, since=NOON, last=None, zone=BERLIN, disk_size=size)
    return plan.repository, plan.archives


def test_a_check_reads_what_is_due_and_the_archive_first_that_has_waited_longest() -> None:
    names = tuple(entry.archive.name for entry in LEDGER)
    read = Checked(repository=NOON + 35 * DAY, archives={FIRST: NOON + 5 * DAY})

    assert planned(Checked(), NOON + 8 * DAY) == ("whole", ())
    assert planned(Checked(), NOON + 31 * DAY) == ("whole", names)
    assert planned(read, NOON + 36 * DAY) == ("", (names[1], names[0]))


def test_a_repository_too_large_for_the_budget_is_read_in_parts() -> None:
    late = NOON + 8 * DAY

    assert planned(Checked(), late, size=1 << 40)[0] == "part"
    assert planned(Checked(unfinished=True), late)[0] == "part"
    assert planned(Checked(damaged=frozenset({REPOSITORY})), late, size=1 << 40)[0] == "whole"


def test_an_operator_gets_everything_newest_archive_first() -> None:
    plan = everything(LEDGER)

    assert (plan.repository, plan.budget) == ("whole", 0)
    assert plan.archives == (LEDGER[1].archive.name, LEDGER[0].archive.name)


def test_never_is_never() -> None:
    client = one(check='{ repository = "never", data = "never" }')

    assert repository_due(client, Checked(unfinished=True), since=NOON, last=None, now=NOON, zone=BERLIN) is None
    assert archives_due(client, Checked(), LEDGER, last=None, now=NOON, zone=BERLIN) is None
    assert archives_due(WEB, Checked(), [], last=None, now=NOON, zone=BERLIN) is None
    assert planned(Checked(), NOON + 90 * DAY, client=client) == ("", ())


# ---- when ----


def decided(checks: ClientHistory | None, now: datetime, checked: Checked | None = None) -> Due | NotDue:
    histories = {Operation.CREATE: history(record())} | ({Operation.CHECK: checks} if checks else {})
    kept = Kept(since=NOON, histories=histories, checked=checked or Checked(), ledger=LEDGER)
    return decide_upkeep(WEB, kept, now=now, zone=BERLIN)


def test_a_week_after_its_first_archive_the_repository_has_been_due() -> None:
    assert isinstance(decided(None, NOON + timedelta(hours=1)), NotDue)
    decision = decided(None, NOON + 7 * DAY)
    assert isinstance(decision, Due)
    assert decision.operation is Operation.CHECK
    assert "the repository" in decision.reason


def test_a_first_run_dated_ahead_puts_no_check_and_no_drill_off_for_years() -> None:
    ahead = NOON.replace(year=2036)
    entry = kept_archive(3, ahead)
    histories = {Operation.CREATE: history(record(started=ahead))}
    for check_only in ('{ drill = "never", data = "never" }', '{ drill = "never", repository = "never" }', DRILL_ONLY):
        client = one(schedule='"30 2 * * *"', check=check_only)
        hours = [NOON + timedelta(hours=hour) for hour in range(5, 29)]
        kept = Kept(since=ahead, histories=histories, ledger=[entry])
        found = [decide_upkeep(client, kept, now=now, zone=BERLIN) for now in hours]

        assert isinstance(found[0], NotDue)
        assert any(isinstance(one, Due) for one in found)


def test_an_archive_dated_ahead_is_read_by_the_next_check_and_then_like_any_other() -> None:
    ahead = kept_archive(3, NOON.replace(year=2036))
    client = one(schedule='"30 2 * * *"', check='{ drill = "never", repository = "never" }')

    def read(checked: Checked, now: datetime) -> tuple[str, ...]:
        ledger = [*LEDGER, ahead]
        made = plan_check(client, checked, ledger, now=now, since=NOON, last=None, zone=BERLIN, disk_size=0)
        return made.archives

    assert read(Checked(), NOON + DAY) == (ahead.archive.name,)
    assert read(Checked(archives={ahead.archive.id: NOON}), NOON + DAY) == ()


def test_a_check_that_failed_is_tried_again_with_back_off() -> None:
    failed = history(check(Outcome.FAILED, Reason.LOCK, started=NOON + 7 * DAY))
    ended = failed.last.finished
    assert ended is not None

    early, then = (decided(failed, ended + UPKEEP_BACK_OFF[0] - timedelta(seconds=late)) for late in (1, 0))

    assert isinstance(early, NotDue)
    assert isinstance(then, Due)
    assert then.trigger is Trigger.RETRY


@pytest.mark.parametrize("reason", sorted(PERMANENT))
def test_where_somebody_has_to_look_a_check_waits_for_another_night(reason: Reason) -> None:
    failed = history(check(Outcome.FAILED, reason, started=NOON + 40 * DAY))

    decision = decided(failed, NOON + 40 * DAY + timedelta(minutes=11))

    assert isinstance(decision, NotDue)
    assert decision.until is not None
    assert 0 <= decision.until.astimezone(BERLIN).hour < 6


@dataclass
class Night:
    """A client with an archive each noon, whose checks are carried out as they fall due."""

    client: Client
    reads: int = 100
    parts: int = 1
    runs: list[tuple[datetime, str, int]] = field(default_factory=list)
    checked: Checked = field(default_factory=Checked)
    ledger: list[LedgerEntry] = field(default_factory=list)

    def play(self, first: datetime, days: int) -> None:
        """Look every seventh minute; one run reads at most `reads` archives, and the repository in so many `parts`."""
        part, last = 0, None
        self.ledger.append(kept_archive(1, first))
        for minute in range(0, days * 24 * 60, 7):
            now = first + timedelta(minutes=minute, seconds=3)
            if (now - first) // DAY >= len(self.ledger):
                self.ledger.append(kept_archive(len(self.ledger) + 1, now))
            histories = {Operation.CREATE: history(record(started=now - timedelta(hours=1)))}
            histories |= {Operation.CHECK: last} if last else {}
            kept = Kept(since=first, histories=histories, checked=self.checked, ledger=self.ledger)
            if not isinstance(decide_upkeep(self.client, kept, now=now, zone=BERLIN), Due):
                continue
            plan = plan_check(
                self.client,
                self.checked,
                self.ledger,
                now=now,
                since=first,
                last=last.last.started if last else None,
                zone=BERLIN,
                disk_size=1 << 40,
            )
            ids = {entry.archive.name: entry.archive.id for entry in self.ledger}
            read = tuple(ids[name] for name in plan.archives[: self.reads])
            part = part + 1 if plan.repository else part
            how = ("whole" if part % self.parts == 0 else "part") if plan.repository else ""
            run = record(started=now, operation=Operation.CHECK)
            self.checked = known(run, CheckFindings(repository=how, verified=read), self.checked, self.ledger)
            last = ClientHistory.after(last, run)
            self.runs.append((now.astimezone(BERLIN), how, len(read)))


@pytest.mark.parametrize("first", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_two_weeks_have_two_looks_at_the_repository_in_the_night_through_both_changes(first: datetime) -> None:
    night = Night(WEB)

    night.play(first, 14)

    assert [how for _, how, _ in night.runs] == ["whole", "whole"]
    assert all(0 <= moment.hour < 6 for moment, _, _ in night.runs)
    assert len({(moment.weekday(), moment.hour, moment.minute // 8) for moment, _, _ in night.runs}) == 1


@pytest.mark.parametrize("first", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_a_look_in_three_parts_takes_three_nights(first: datetime) -> None:
    night = Night(WEB, parts=3)

    night.play(first, 14)

    days = [moment.date() for moment, _, _ in night.runs]
    assert [how for _, how, _ in night.runs] == ["part", "part", "whole"] * 2
    assert days[1] - days[0] == days[2] - days[1] == DAY


@pytest.mark.parametrize("first", [SPRING, AUTUMN], ids=["spring", "autumn"])
@pytest.mark.parametrize("reads", [100, 2])
def test_each_archive_is_read_within_its_month_by_no_more_than_one_run_a_night(first: datetime, reads: int) -> None:
    night = Night(one(check='{ repository = "never", drill = "never" }'), reads=reads)

    night.play(first, 70)

    days = [moment.date() for moment, _, _ in night.runs]
    assert len(set(days)) == len(days)
    assert all(0 <= moment.hour < 6 for moment, _, _ in night.runs)
    end = first + 70 * DAY
    for entry in night.ledger:
        waited = end - night.checked.archives.get(entry.archive.id, entry.archive.started)
        assert waited <= 31 * DAY, entry.archive.name


def test_a_duration_counts_from_the_last_time() -> None:
    night = Night(one(check='{ repository = "3d", data = "never", drill = "never" }'))

    night.play(AUTUMN, 14)

    assert len(night.runs) == 4
