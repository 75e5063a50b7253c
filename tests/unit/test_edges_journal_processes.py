from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from appliance.edges.sqlite_journal import SqliteJournal
from tests.fakes import FixedClock

if TYPE_CHECKING:
    from pathlib import Path

# Another process, as the command line is one: it uses the journal and leaves.
_VISITOR = """
import sys
from pathlib import Path
from appliance.edges.clock import SystemClock
from appliance.edges.sqlite_journal import SqliteJournal
journal = SqliteJournal(Path(sys.argv[1]), SystemClock())
journal.set_fact("visited", "yes")
journal.close()
"""


def test_a_visit_of_the_command_line_does_not_cut_the_supervisor_off(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = SqliteJournal(path, FixedClock())
    journal.set_fact("heartbeat", "1")
    other = threading.Thread(target=lambda: journal.fact("heartbeat"))
    other.start()
    other.join()

    subprocess.run([sys.executable, "-c", _VISITOR, str(path)], check=True)
    journal.set_fact("heartbeat", "2")

    assert journal.fact("visited") == "yes"
    assert SqliteJournal(path, FixedClock()).fact("heartbeat") == "2"
    journal.close()
