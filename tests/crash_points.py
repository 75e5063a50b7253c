"""A supervisor on the journal's real file, killed with -9 before a chosen write; then another one on what is left.

`python -m tests.crash_points FOLDER [hangs]` plays every crash point of one scheduled run, each in a folder of its own
below FOLDER: one life that is killed there and a second one that goes on, until a first life needs no second. Engine,
volumes and what was told stand in files there too, since they outlive a supervisor.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import traceback
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.edges.sqlite_journal import SqliteJournal
from appliance.run import Desk
from appliance.supervisor import Configuration, Courier, Post, Supervisor
from tests.fakes import FakeLogs, FakeTunnels, FixedClock
from tests.house import house
from tests.kept import KeptEngine, KeptVolumes, Teller
from tests.supervised import until

if TYPE_CHECKING:
    from collections.abc import Callable


_APPLIANCE = house(
    "web1",
    settings='notify = ["ntfy://hunter2"]',
    schedule='"30 2 * * *"',
    notify_on='["failure", "warning", "success"]',
)
_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "COMMIT"})
# How many ticks a container that hangs is left alone, so that supervisors find it running.
_HANGS_FOR_TICKS = 4


def killed_at(point: int) -> type[sqlite3.Connection]:
    """Return a kind of connection whose process is killed at that point: before each write, and after each commit."""
    points = count(1)

    def pass_one() -> None:
        if next(points) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    class Mortal(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            word = sql.split(maxsplit=1)[0]
            if word in _WRITES:
                pass_one()
            done = super().execute(sql, *values)
            if word == "COMMIT":
                pass_one()
            return done

        def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:
            pass_one()
            return super().executemany(sql, *values)

    return Mortal


def live(folder: Path, point: int, *, hangs: bool) -> None:
    """Supervise until there is a good run and nothing to do; killed at that point, or never where it is 0."""
    clock = FixedClock()
    if not point:
        clock.advance(timedelta(minutes=10))
    journal = SqliteJournal(folder / "journal.sqlite", clock, killed_at(point))
    engine, closing = KeptEngine(folder, hangs=hangs), threading.Event()
    configuration = Configuration(load=lambda: _APPLIANCE, fingerprint=lambda: "1", facts=journal, clock=clock)
    desk = Desk(
        engine=engine,
        journal=journal,
        volumes=KeptVolumes(folder),
        logs=FakeLogs(),
        clock=clock,
        log=lambda _record, _note: None,
        pause=lambda _seconds: closing.wait(0.002),
        appliance=lambda: configuration.appliance,
    )
    supervisor = Supervisor(
        desk=desk, store=journal, configuration=configuration, closing=closing, tunnels=FakeTunnels()
    )
    teller = Teller(folder)
    post = Post(services=teller, checks=teller, read_secret=str)
    courier = Courier(outbox=journal, post=post, appliance=lambda: configuration.appliance, clock=clock)
    ticks = count()

    def is_over() -> bool:
        supervisor.tick()
        courier.deliver_due()
        clock.advance(timedelta(seconds=6))
        there = [state.name for state in engine.ours(journal.fact("appliance_id") or "")]
        if there and next(ticks) > _HANGS_FOR_TICKS:
            engine.end(there[0])
        is_good = any(run.outcome is not None and run.outcome.is_good for run in journal.history())
        return is_good and not there and not len(supervisor.workers) and not journal.pending()

    until(is_over)


def in_a_process_of_its_own(act: Callable[[], None]) -> int:
    """Act in a forked process, and return how it ended, as `os.waitstatus_to_exitcode` says it."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        act()
    except BaseException:  # noqa: BLE001 - a fork must never return into the loop of its parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Play every crash point; exit 1 when a life ends in another way than by its kill or by itself."""
    root, hangs = Path(sys.argv[1]), "hangs" in sys.argv[2:]
    for point in count(1):
        folder = root / f"{point:04}"
        folder.mkdir()
        ended = in_a_process_of_its_own(lambda at=point, into=folder: live(into, at, hangs=hangs))  # type: ignore[misc]  # called at once
        if ended == 0:
            return
        if ended != -signal.SIGKILL or in_a_process_of_its_own(lambda into=folder: live(into, 0, hangs=hangs)):  # type: ignore[misc]  # called at once
            sys.exit(f"point {point}: the first life ended with {ended}")


if __name__ == "__main__":
    main()
