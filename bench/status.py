"""How long `borgpull status` of a thousand clients takes, as whole commands: by the clock, and on the processor."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from appliance.config.load import fingerprint, load
from appliance.edges.clock import SystemClock
from appliance.edges.sqlite_journal import SqliteJournal
from appliance.plan.known_clients import KNOWN_CLIENTS, to_json
from tests.simulated import House, written

# A disk in memory: what a thousand clients leave is read, and no disk measured.
MEMORY = "/dev/shm"  # noqa: S108
_DAYS = 8
_TIMES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Medians of whole commands, Python's start included; `cpu` is user and system time."""

    seconds: float
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Of so many clients. `unread` is the table where no supervisor has read the configuration as it is now."""

    clients: int
    table: Taken
    programs: Taken
    unread: Taken
    start: Taken


def measured(clients: int) -> Status:
    """Live some days, and ask how every client stands."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        place = Path(folder)
        begin = datetime.now(UTC).replace(microsecond=0) - timedelta(days=_DAYS)
        hour = timedelta(hours=1)
        house = House(place / "journal.sqlite", clients, begin, seed=1, step=hour, look=6 * hour)
        house.live(_DAYS)
        house.journal.close()
        return asked(place, clients)


def asked(place: Path, clients: int) -> Status:
    """Ask with the journal in that folder, which gets the configuration of so many clients."""
    (place / "borgpull.toml").write_text(written(clients), "utf-8")
    unread = _taken(place, "status")
    # As a supervisor does, once it has read the files.
    journal = SqliteJournal(place / "journal.sqlite", SystemClock())
    journal.set_fact(KNOWN_CLIENTS, to_json(load(place, {}), fingerprint(place)))
    journal.close()
    return Status(
        clients=clients,
        table=_taken(place, "status"),
        programs=_taken(place, "status", "--json"),
        unread=unread,
        start=_taken(place, "status", "--help"),
    )


def rows(status: Status) -> tuple[tuple[str, str], ...]:
    """Say it in the cells of a table."""
    return (
        ("`borgpull status` (wanted: < 300 ms)", _cell(status.table)),
        ("`borgpull status --json`", _cell(status.programs)),
        ("`borgpull status` after an edit that no supervisor has read", _cell(status.unread)),
        ("`borgpull status --help`, which is the start alone", _cell(status.start)),
    )


def table(status: Status) -> str:
    """Write it for people."""
    head = f"| {status.clients:,} clients, medians of {_TIMES} | CPU, by the clock |\n|---|---|\n"
    return head + "".join(f"| {name} | {value} |\n" for name, value in rows(status))


def _cell(taken: Taken) -> str:
    return f"{1000 * taken.cpu:.0f} ms, {1000 * taken.seconds:.0f} ms"


def _taken(place: Path, *words: str) -> Taken:
    argv, environment = (sys.executable, "-m", "appliance", *words), _environment(place)
    found = []
    # The first one compiles, and does not count.
    for _ in range(_TIMES + 1):
        cpu, began = _children(), time.monotonic()
        subprocess.run(argv, env=environment, check=True, stdout=subprocess.DEVNULL)
        found.append((time.monotonic() - began, _children() - cpu))
    del found[0]
    return Taken(seconds=median(one for one, _ in found), cpu=median(one for _, one in found))


def _environment(place: Path) -> dict[str, str]:
    """As in the image, whose modules are compiled when it is made; a machine may forbid to keep what is compiled."""
    folders = dict.fromkeys(("BORGPULL_CONFIG", "BORGPULL_STATE", "BORGPULL_REPOS"), str(place))
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **folders, "PYTHONPYCACHEPREFIX": str(place / "compiled")}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
