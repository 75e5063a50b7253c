"""What a Borg that failed means to the run, where its exit code alone is blunt."""

from __future__ import annotations

import json

import pytest

from appliance.plan.make import plan_run
from appliance.pull import repository
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
