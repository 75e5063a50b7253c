"""What a Borg that failed means to the run, where its exit code alone is blunt."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from appliance.borg import output
from appliance.plan.make import plan_run
from appliance.plan.run_plan import KnownArchive
from appliance.pull import bounds, execute, repository
from appliance.pull.failure import Failure
from appliance.record import Reason
from tests.house import NOON, one

_PLAN = plan_run(one(), "create", run_id="run-1", now=NOON, appliance_id="us")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("OSError: [Errno 28] No space left on device: '/.borgpull/repository/data/0/7'", Reason.NO_SPACE),
        ("OSError: [Errno 30] Read-only file system: '/.borgpull/repository/nonce'", Reason.READ_ONLY),
        ("PermissionError: [Errno 13] Permission denied: '/.borgpull/repository/lock.exclusive'", Reason.LOCK),
        ("PermissionError: [Errno 13] Permission denied: '/.borgpull/repository/lock.roster'", Reason.LOCK),
        ("PermissionError: [Errno 13] Permission denied: '/.borgpull/repository/config'", Reason.INTERNAL),
        ("borg.crypto.low_level.IntegrityError: MAC Authentication failed", Reason.INTEGRITY),
        ("The storage quota (20.00 MB) has been exceeded (24.18 MB). Try deleting some archives.", Reason.QUOTA),
    ],
)
def test_a_crash_of_borg_is_told_by_what_it_ran_into(said: str, reason: Reason) -> None:
    line = json.dumps({"type": "log_message", "levelname": "ERROR", "message": said})

    failure = repository.borg_failure(_PLAN, 2, line)

    assert failure.reason is reason
    assert said in failure.message


def test_a_borg_that_was_not_done_in_time_was_not_killed_from_outside() -> None:
    late = execute.run(("/bin/sleep", "60"), {}, timeout_seconds=0.1)

    with pytest.raises(Failure, match="not done with the repository after 7 seconds") as raised:
        repository.insist_in_time(late, 7)
    assert raised.value.reason is Reason.TIMEOUT
    repository.insist_in_time(replace(late, is_late=False), 7)


@pytest.mark.parametrize(
    ("name", "is_it"),
    [
        ("web1.tmp-run-1", True),
        ("web1.tmp-run-1.checkpoint", True),
        ("laptop-2020.checkpoint", True),
        ("laptop-2020.checkpoint.12", True),
        ("laptop-2020.checkpoint-of-mine", False),
        ("web1-2026-11-22T12:00:00", False),
        ("web2.tmp-run-1", False),
    ],
)
def test_what_a_run_left_unfinished_is_known_by_its_name(name: str, is_it: bool) -> None:  # noqa: FBT001 - an outcome
    assert repository.is_unfinished(_PLAN, name) is is_it


def test_what_another_borg_left_unfinished_counts_only_where_the_ledger_has_it() -> None:
    names = ("web1-a", "web1.tmp-run-1", "web1-b.checkpoint", "laptop.checkpoint.2")
    listed = output.Listed(
        repository_id="7", encryption="none", archives=tuple((name, name * 2, NOON) for name in names)
    )
    adopted = KnownArchive(name="laptop.checkpoint.2", id="laptop.checkpoint.2" * 2, started=NOON.isoformat())

    archives, temporary = repository.told_apart(_PLAN, listed)
    of_before, _ = repository.told_apart(replace(_PLAN, known=(adopted,)), listed)

    assert ([one.name for one in archives], temporary) == (["web1-a"], ("web1.tmp-run-1",))
    assert [one.name for one in of_before] == ["web1-a", "laptop.checkpoint.2"]


def test_a_bound_is_written_into_the_repository_only_where_it_is_another_one() -> None:
    config = "[repository]\nid = 00\nadditional_free_space = 1000000000\n"

    assert bounds.changes(config, {"additional_free_space": 10**9, "storage_quota": 0}) == {}
    assert bounds.changes(config, {"additional_free_space": 0}) == {"additional_free_space": 0}
    assert bounds.changes(config, {"storage_quota": 5 * 10**8}) == {"storage_quota": 5 * 10**8}
