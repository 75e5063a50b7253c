"""The supervisor is killed between every two writes of the real journal: nothing is lost, doubled or left open."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from appliance.edges.sqlite_journal import SqliteJournal
from appliance.record import Outcome, Reason
from tests.fakes import FixedClock
from tests.kept import archive_number, runs_started

if TYPE_CHECKING:
    from pathlib import Path

# The schema, the identity, the run's beginning and end, facts and notices: fewer points than this are not all of them.
FEWEST_POINTS = 60
_SECONDS = 400


@pytest.fixture(scope="module", params=["ends at once", "hangs"])
def crashed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Play every crash point, and return the folder of each, with what two supervisors left there."""
    root = tmp_path_factory.mktemp("points")
    words = (sys.executable, "-m", "tests.crash_points", str(root), request.param)
    done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return sorted(root.iterdir())


def wrong_at(folder: Path) -> list[str]:
    """Say what is not as it should be after the kill in this folder and the life that followed."""
    journal = SqliteJournal(folder / "journal.sqlite", FixedClock())
    runs, started = journal.history(), runs_started(folder)
    good = [run for run in runs if run.outcome is Outcome.SUCCESS]
    ends = {(run.outcome, run.reason) for run in runs}
    told = Counter((folder / "told").read_text("utf-8").splitlines())
    again = "SUCCESS web1: create works again" if len(runs) > len(good) else "SUCCESS web1: create"
    titles = {again, *(f"INTERRUPTED web1: {run.operation}" for run in runs if run not in good)}
    ledger = {int(entry.archive.id, 16) for entry in journal.archives("web1")}
    wrong = {
        f"a run without an end in {runs}": any(run.finished is None for run in runs),
        f"ends {ends}": not ends <= {(Outcome.SUCCESS, None), (Outcome.INTERRUPTED, Reason.KILLED)},
        f"{len(good)} good runs": len(good) != 1,
        f"{started} were started": len(started) != 1 or [run.run_id for run in good] != started,
        f"ledger {ledger}": ledger != {archive_number(run_id) for run_id in started},
        f"containers {list(folder.glob('*.there'))}": any(folder.glob("*.there")),
        f"still to be told: {journal.pending()}": bool(journal.pending()),
        f"told {told}, not {titles}": set(told) != titles,
        # Killed between the delivery and its record, one may come twice: at least once is the promise.
        f"told too often: {told}": told.total() > len(told) + 1,
    }
    journal.close()
    return [sentence for sentence, is_wrong in wrong.items() if is_wrong]


def test_whatever_write_is_the_last_one_the_next_supervisor_brings_everything_to_its_end(crashed: list[Path]) -> None:
    assert len(crashed) > FEWEST_POINTS

    assert {folder.name: wrong for folder in crashed if (wrong := wrong_at(folder))} == {}
