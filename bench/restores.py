"""One archive restored by every way, against bare `borg extract` of the same archive."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.compare import Timings, pair_name
from bench.memory import Watch
from bench.sample_tree import LARGE_BYTES, SMALL_BYTES, SMALL_FILES
from bench.way import FILES, SOURCE, NotTheSameWorkError
from bench.ways_back import CLIENT, Bare, Local, OntoTheMachine, OverSsh, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.ways_back import WayBack
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

RESTORE = "restore"
_WHOLE = FILES, LARGE_BYTES + SMALL_FILES * SMALL_BYTES


@dataclass(slots=True)
class Restores:
    """Seconds by way, one number a pair, and bytes in the appliance's container; the first two ways are by hand."""

    names: tuple[str, ...]
    timings: Timings = field(default_factory=lambda: Timings(seconds={RESTORE: {}}, borg_seconds={}))
    container_bytes: dict[str, int] = field(default_factory=dict)


def ways(appliance: ApplianceUnderTest, machine: Machine, server: Machine) -> tuple[WayBack, ...]:
    """Back the machine's tree up by its own Borg, so that every way can bring it back, and return them."""
    appliance.add_client(CLIENT, machine, "--method", "socat", "--path", f"/{SOURCE}")
    done = appliance.run(CLIENT, within=600)
    if done.returncode != 0:
        raise NotTheSameWorkError(f"borgpull run {CLIENT}: {done.returncode}\n{done.stdout}{done.stderr}")
    bare = Bare(appliance)
    return (
        bare,
        OverSsh(appliance, machine, server, bare),
        *(OntoTheMachine(appliance, machine, way, bare) for way in ("chroot", "numeric", "tar", "client")),
        Local(appliance, bare),
        Stream(appliance),
    )


def measure(
    appliance: ApplianceUnderTest, backs: Sequence[WayBack], pairs: int, say: Callable[[str], None]
) -> Restores:
    """Restore once to look at the memory and to warm every cache, then so many pairs by the clock, taking turns."""
    found = Restores(names=tuple(way.name for way in backs))
    for way in backs:
        with Watch(appliance, CLIENT) as watch:
            _restore(way, f"{appliance.lab.prefix}-memory")
        found.container_bytes[way.name] = watch.resident_bytes
    for number in range(pairs):
        pair = pair_name(number)
        for way in backs if number % 2 == 0 else reversed(backs):
            took = _restore(way, f"{appliance.lab.prefix}-{pair}")
            found.timings.add(RESTORE, way.name, took)
            say(f"{pair} {way.name:14} {took:7.2f} s")
    return found


def _restore(way: WayBack, folder: str) -> float:
    """Return the seconds that it took; raises NotTheSameWorkError unless all files are there with all their bytes."""
    way.prepare()
    # What others have written must not reach the disk at this one's expense.
    os.sync()
    began = time.monotonic()
    way.restore(folder)
    took = time.monotonic() - began
    found = way.found(folder)
    if found != _WHOLE:
        raise NotTheSameWorkError(f"{way.name} brought {found} (files, bytes), not {_WHOLE}")
    return took
