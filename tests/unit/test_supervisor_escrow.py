"""When the newest escrow is out of date: something is new that is not in it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.errors import StateError
from appliance.plan.escrow import FACT, EscrowFact, Outdated
from appliance.record import Outcome, Reason
from appliance.supervisor.escrow_watch import EscrowWatch
from tests.fakes import FixedClock, MemoryJournal
from tests.house import NOON, history, record

if TYPE_CHECKING:
    from datetime import datetime

    from appliance.ports import ClientHistory

GOOD = history(record())
LATER = NOON + timedelta(minutes=10)


class House:
    """A journal with an escrow, and a folder that may change."""

    def __init__(self) -> None:
        self.folder = "as it was"
        self.journal = MemoryJournal(FixedClock(NOON))
        self.escrow(NOON, "web1")
        self.watch = self.anew()

    def escrow(self, made: datetime, *clients: str) -> None:
        fact = EscrowFact(made=made, fingerprint=self.folder, repositories=dict.fromkeys(clients, "id"))
        self.journal.set_fact(FACT, fact.to_json())

    def anew(self) -> EscrowWatch:
        return EscrowWatch(self.journal, lambda: self.folder)

    def look(self, now: datetime, *histories: ClientHistory) -> Outdated | None:
        return self.watch.look(now, histories or (GOOD,))


def test_a_fresh_escrow_lacks_nothing_and_new_archives_do_not_change_that() -> None:
    house = House()

    assert house.look(NOON) is None
    assert house.look(NOON + timedelta(days=300), history(record(), record(run_id="run-2"))) is None


def test_without_any_escrow_nothing_is_out_of_date() -> None:
    house = House()
    house.journal.set_fact(FACT, "")

    assert house.look(NOON) is None


def test_a_changed_file_makes_it_outdated_since_it_was_seen_and_a_restart_keeps_that() -> None:
    house = House()
    house.folder = "another key"

    first = house.look(LATER)
    house.watch = house.anew()
    second = house.look(LATER + timedelta(hours=5))

    assert first is not None
    assert first.since == LATER
    assert "changed" in first.why
    assert first == second


def test_a_client_that_got_its_repository_since_is_named_and_one_that_never_succeeded_is_not() -> None:
    house = House()
    failing = history(record(Outcome.FAILED, Reason.AUTH, client="new"))

    assert house.look(LATER, GOOD, failing) is None
    outdated = house.look(LATER, GOOD, history(record(client="db1")), history(record(client="new")))

    assert outdated is not None
    assert outdated.why == "the key of db1's repository and 1 more is not in it"


def test_a_new_escrow_ends_it_and_the_next_change_counts_anew() -> None:
    house = House()
    house.folder = "another key"
    assert house.look(LATER) is not None

    house.escrow(LATER, "web1")
    assert house.look(LATER) is None
    house.folder = "a third key"
    again = house.look(LATER + timedelta(days=2))

    assert again is not None
    assert again.since == LATER + timedelta(days=2)


def test_a_folder_that_cannot_be_read_changes_nothing() -> None:
    house = House()
    house.folder = "another key"
    assert house.look(NOON) is not None

    def fail() -> str:
        raise StateError("no")

    house.watch = EscrowWatch(house.journal, fail)

    house.look(LATER)
    house.watch = house.anew()
    again = house.look(LATER)

    assert again is not None
    assert again.since == NOON


@pytest.mark.parametrize(("after", "seen"), [(timedelta(minutes=9), False), (timedelta(minutes=10), True)])
def test_the_folder_is_read_every_ten_minutes(after: timedelta, seen: bool) -> None:  # noqa: FBT001
    house = House()
    house.look(NOON)
    house.folder = "another key"

    assert (house.look(NOON + after) is not None) is seen
