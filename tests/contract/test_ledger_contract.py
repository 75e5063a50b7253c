"""What every journal knows of archives, repositories, requests and facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.ports import Span
from appliance.record import LedgerEntry, Operation, Outcome, Reason, RequestKind, RestoreOrder, RollbackPoint, Way
from tests.contract.records import START, archive, begun, ended, entry, repository

if TYPE_CHECKING:
    from tests.contract.records import Whole


def test_the_ledger_is_oldest_first_and_knows_each_archive_once(journal: Whole) -> None:
    journal.finish(ended(begun("r1"), Outcome.SUCCESS), [entry(archive(2, after_hours=2))])
    journal.finish(
        ended(begun("r2", after_hours=3), Outcome.SUCCESS),
        [entry(archive(2, after_hours=2), "r2"), entry(archive(1, after_hours=1), "r2")],
    )

    assert journal.archives("web") == [entry(archive(1, after_hours=1), "r2"), entry(archive(2, after_hours=2), "r1")]
    assert journal.archives("db") == []
    assert journal.last_runs()["web"].archives == 2


def test_the_span_of_a_client_goes_from_its_oldest_archive_to_its_newest(journal: Whole) -> None:
    assert journal.spans() == {}
    journal.finish(ended(begun("r0", client="db"), Outcome.FAILED, reason=Reason.STALLED))
    both = [entry(archive(2, after_hours=2)), entry(archive(1, after_hours=1))]
    journal.finish(ended(begun("r1"), Outcome.SUCCESS), both)

    assert journal.spans() == {"web": Span(oldest=START + timedelta(hours=1), newest=START + timedelta(hours=2))}

    journal.finish(ended(begun("r2", after_hours=3), Outcome.SUCCESS), gone=[archive(1).id])
    assert journal.spans()["web"].oldest == START + timedelta(hours=2)


def test_facts_are_found_by_how_their_names_begin(journal: Whole) -> None:
    for key, value in {"key_exported:web": "1", "key_exported:db": "2", "key_%": "3", "other": "4"}.items():
        journal.set_fact(key, value)

    assert journal.facts("key_exported:") == {"key_exported:web": "1", "key_exported:db": "2"}
    assert journal.facts("key_%x") == {}


def test_the_first_good_run_pins_the_repository(journal: Whole) -> None:
    journal.finish(ended(begun("r1"), Outcome.FAILED, reason=Reason.STALLED, repository=repository("failed")))
    assert journal.repository("web") is None

    journal.finish(ended(begun("r2", after_hours=1), Outcome.WARNING, repository=repository("first")))
    journal.finish(ended(begun("r3", after_hours=2), Outcome.SUCCESS, repository=repository("second")))

    pinned = journal.repository("web")
    assert pinned is not None
    assert pinned.repository_id == "first"
    assert pinned.first_seen == START + timedelta(hours=1, minutes=5)


def test_what_is_to_be_restored_comes_through_a_request_and_stands_in_the_record(journal: Whole) -> None:
    order = RestoreOrder(archive="web-1", way=Way.CHROOT, paths=("etc", "odd-\udcff"), target="/back", resume=True)

    asked = journal.ask(RequestKind.RUN, "web", Operation.RESTORE, restore=order)
    journal.begin(replace(begun("r1"), operation=Operation.RESTORE, restore=order))

    found, run = journal.request(asked), journal.run("r1")
    assert found is not None
    assert run is not None
    assert (found.restore, run.restore) == (order, order)


def test_a_request_is_open_until_it_is_answered(journal: Whole) -> None:
    first = journal.ask(RequestKind.RUN, "web", Operation.CREATE, accept_shrink=True)
    second = journal.ask(RequestKind.STOP, "web", Operation.CREATE)

    assert [request.request_id for request in journal.open_requests()] == [first, second]
    assert journal.open_requests()[0].accept_shrink
    assert journal.open_requests()[0].created == START

    journal.answer(first, run_id="r1")
    journal.answer(second, refusal="nothing runs for web")

    assert journal.open_requests() == []
    answered, refused = journal.request(first), journal.request(second)
    assert answered is not None
    assert refused is not None
    assert (answered.run_id, answered.answered) == ("r1", START)
    assert (refused.kind, refused.refusal) == (RequestKind.STOP, "nothing runs for web")
    assert journal.request(second + 1) is None


def test_a_fact_is_what_was_set_last(journal: Whole) -> None:
    assert journal.fact("appliance_id") is None

    journal.set_fact("appliance_id", "one")
    journal.set_fact("appliance_id", "two")
    journal.set_fact("heartbeat", "2026-11-22T02:30:00+00:00")

    assert journal.fact("appliance_id") == "two"
    assert journal.fact("heartbeat") == "2026-11-22T02:30:00+00:00"


def test_what_is_gone_leaves_the_ledger_of_its_client_alone(journal: Whole) -> None:
    first, second = archive(1, after_hours=1), archive(2, after_hours=2)
    journal.finish(ended(begun("r1"), Outcome.SUCCESS), [entry(first), entry(second)])
    journal.finish(
        ended(begun("r2", "db", after_hours=1), Outcome.SUCCESS),
        [LedgerEntry(client="db", archive=first, run_id="r2")],
    )

    pruned = ended(begun("r3", after_hours=2, operation=Operation.PRUNE), Outcome.SUCCESS)
    journal.finish(pruned, gone=[first.id, "an id that nobody knows"])

    assert [one.archive for one in journal.archives("web")] == [second]
    assert [one.archive for one in journal.archives("db")] == [first]
    assert journal.last_runs()["web"].archives == 1


def test_the_newest_good_run_says_where_to_roll_back_to(journal: Whole) -> None:
    silent, stats = repository("aa"), replace(repository("aa"), transaction=41, segments=30)
    journal.finish(ended(begun("r1"), Outcome.SUCCESS, repository=silent))
    known = journal.repository("web")
    assert known is not None
    assert known.point is None

    journal.finish(ended(begun("r2", after_hours=1), Outcome.SUCCESS, repository=stats))
    pruned = begun("r3", after_hours=2, operation=Operation.PRUNE)
    journal.finish(ended(pruned, Outcome.SUCCESS, repository=replace(stats, transaction=57, segments=8)))
    other = replace(repository("somebody's"), transaction=99, segments=99)
    journal.finish(ended(begun("r4", after_hours=3), Outcome.SUCCESS, repository=other))
    journal.finish(ended(begun("r5", after_hours=4), Outcome.FAILED, repository=replace(stats, transaction=60)))
    journal.finish(ended(begun("r6", after_hours=5), Outcome.SUCCESS, repository=silent))

    known = journal.repository("web")
    assert known is not None
    assert known.point == RollbackPoint(
        transaction=57, segments=8, run_id="r3", reached=START + timedelta(hours=2, minutes=5)
    )
