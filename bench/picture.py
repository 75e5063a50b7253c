"""Draw docs/pictures/report.png from real pulls of lab machines: `python -m bench.picture`. Takes some minutes.

A month of daily backups is pulled within minutes, round after round, while the machines change as such machines do.
What each run took and found is what is shown; only the journal's dates are spread afterwards, a round to a day.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.browser import Browser
from tests.e2e.harness.engine import docker
from tests.e2e.harness.lab import Lab
from tests.e2e.harness.machine import Machine

_PICTURE = Path("docs/pictures/report.png")
_SPREAD = Path(__file__).with_name("spread_journal.py")
_PYTHON = "/opt/borgpull/bin/python"
_DAYS = 30
_SIZE = (1280, 1380)
_ROUND_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A machine of the house: what it has on the first day, and what a day of `{size}` bytes does to it."""

    client: str
    kind: str
    first: str
    daily: str
    options: tuple[str, ...] = ()
    awake: float = 1.0


_HOUSE = (
    Member(
        client="web", kind="trixie",
        first="seq 1 500000 > /srv/web/site.sql; head -c 2000000 /dev/urandom > /srv/web/pictures",
        daily="seq {day}0000 {day}9999 >> /srv/web/access.log; head -c {size} /dev/urandom > /srv/web/upload-{day}",
    ),
    Member(
        client="nas", kind="nas",
        first="head -c 14000000 /dev/urandom > /srv/nas/photos",
        daily="head -c {size}0 /dev/urandom > /srv/nas/photos-{day}",
    ),
    Member(
        client="db", kind="trixie", options=("--method", "socat"),
        first="seq 1 700000 > /srv/db/dump.sql",
        daily="seq {day}00 700000 > /srv/db/dump.sql; head -c {size} /dev/urandom >> /srv/db/dump.sql",
    ),
    Member(
        client="laptop", kind="sftp-only", awake=0.7,
        first="head -c 5000000 /dev/urandom > /srv/laptop/mail",
        daily="head -c {size}0 /dev/urandom | head -c 2{size} >> /srv/laptop/mail",
    ),
)  # fmt: skip
# What goes wrong, by day: what is done before, and what undoes it after.
_TROUBLES = {
    9: ("nas", "mv /srv/nas /srv/away", "mv /srv/away /srv/nas"),
    10: ("nas", "mv /srv/nas /srv/away", "mv /srv/away /srv/nas"),
    17: ("laptop", "install -m 600 /dev/null /srv/laptop/secret", "rm /srv/laptop/secret"),
    22: ("db", "mv /srv/db /srv/away", "mv /srv/away /srv/db"),
}


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ.setdefault("BORGPULL_TEST_IMAGE", "borgpull:latest")
    lab = Lab()
    try:
        appliance = ApplianceUnderTest(lab, settings="max_parallel = 4")
        appliance.create()
        spread(appliance, lived(appliance, {member.client: furnished(lab, appliance, member) for member in _HOUSE}))
        picture = Browser(lab, appliance.borgpull("report", "--html").stdout).picture(*_SIZE)
    finally:
        lab.close()
    _PICTURE.parent.mkdir(exist_ok=True)
    _PICTURE.write_bytes(picture)
    print(f"{_PICTURE}: {len(picture)} bytes")


def furnished(lab: Lab, appliance: ApplianceUnderTest, member: Member) -> Machine:
    """Start the machine, give it what it has on the first day, and make it a client."""
    machine = Machine(lab, member.kind, tree="none")
    machine.exec("sh", "-euc", f"mkdir -p /srv/{member.client}; {member.first}")
    appliance.add_client(member.client, machine, "--path", f"/srv/{member.client}", *member.options)
    return machine


def lived(appliance: ApplianceUnderTest, machines: dict[str, Machine]) -> list[datetime]:
    """Live through the days; returns when each of them ended."""
    chance, ends = random.Random(7), []  # noqa: S311 - the days are to be the same ones at the next picture
    for day in range(_DAYS):
        client, before, after = _TROUBLES.get(day, ("", "", ""))
        awake = [
            one.client for one in _HOUSE if day in (0, _DAYS - 1) or chance.random() < one.awake or one.client == client
        ]
        for member in _HOUSE:
            change = member.daily.format(day=day + 1, size=round(chance.lognormvariate(11, 0.9)))
            machines[member.client].exec("sh", "-euc", change)
        if client:
            machines[client].exec("sh", "-euc", before)
        done = appliance.borgpull("run", *awake, check=False, within=_ROUND_SECONDS)
        if client:
            machines[client].exec("sh", "-euc", after)
        ends.append(datetime.now(UTC))
        print(f"day {day + 1}: {', '.join(awake)}: {done.returncode}", flush=True)
    return ends


def spread(appliance: ApplianceUnderTest, ends: list[datetime]) -> None:
    """Let each round have been on a day of its own, the last one today."""
    docker(
        "exec", "--interactive", appliance.supervisor, _PYTHON, "-", *(end.isoformat() for end in ends),
        stdin=_SPREAD.read_text("utf-8"),
    )  # fmt: skip


if __name__ == "__main__":
    main()
