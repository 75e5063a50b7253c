"""The names of one session of tests: whatever it makes on the engine carries them, so that all of it can be removed."""

from __future__ import annotations

import os
from uuid import uuid4

LABEL = "borgpull-test"
# Workers side by side are one session: its label is for the clean-up of all, and a prefix is for one worker's names.
SESSION = os.environ.get("BORGPULL_TEST_SESSION") or os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid4().hex)[:6]
PREFIX = "-".join((LABEL, SESSION, *os.environ.get("PYTEST_XDIST_WORKER", "").split()))
