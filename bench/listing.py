"""Pulling with nothing installed on the client against a push over ssh: trees, changes, round trips and ways."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.by_hand import CACHES
from bench.compare import pair_name
from bench.listing_ways import ROOM, WITHIN_SECONDS, all_ways
from bench.spent import Spending
from bench.way import SOURCE, NotTheSameWorkError
from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.engine import docker
from tests.e2e.harness.machine import Machine
from tests.e2e.harness.proxy import ProxyMachine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.listing_ways import ListingWay
    from bench.spent import Spent
    from tests.e2e.harness.lab import Lab

TREES = ("mixed", "small", "large", "million", "system")
STAGES = ("first", "unchanged", "changed")
WAYS = ("push", "direct", "socat", "sshfs", "never", "listing", "sftp", "rsync")
# `direct`, a push past the proxy, shows what the proxy itself costs.
USUAL_WAYS = tuple(way for way in WAYS if way != "direct")
BASE = "push"
_PROGRAMS = Path(__file__).parent
_FUSE = ("--cap-add", "SYS_ADMIN", "--device", "/dev/fuse", "--security-opt", "apparmor=unconfined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What of a cell is measured; `share` is how much of its tree is made."""

    stages: Sequence[str]
    ways: Sequence[str]
    pairs: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One act of one way. Work is what lies between opening the source and Borg's end; bytes are those of both ways."""

    tree: str
    round_trip: float
    pair: int
    stage: str
    way: str
    load: float
    seconds: float
    work_seconds: float
    server: Spent
    client: Spent
    wire_bytes: int
    files: int
    requests: int | None


class Cell:
    """One tree on one client machine, a plain server, an appliance, and one round trip to both machines."""

    def __init__(self, lab: Lab, tree: str, round_trip: float, share: float) -> None:
        """Start everything and make the tree."""
        self.tree, self.round_trip = tree, round_trip
        image = os.environ.get("BORGPULL_BENCH_IMAGE", "borgpull-bench:latest")
        self.machine, self.server = (
            Machine(lab, "trixie", tree="none", image=image, options=(*_FUSE, *_volumes(lab, *folders)))
            for folders in ((CACHES, f"/{SOURCE.partition('/')[0]}"), (CACHES, ROOM))
        )
        self._proxies = tuple(ProxyMachine(machine, image=image) for machine in (self.machine, self.server))
        appliance = ApplianceUnderTest(lab)
        appliance.create()
        self._prefix = f"{appliance.name}-"
        self.ways = all_ways(appliance, self.machine, self.server, *(proxy.host for proxy in self._proxies))
        self._make(share)
        for proxy in self._proxies:
            proxy.tell("delay", round_trip / 1000 / 2)

    def change(self, seed: int) -> None:
        """Write other bytes over a hundredth of the files."""
        self._python(_PROGRAMS / "trees.py", "change", f"/{SOURCE}", str(seed))

    def act(self, way: ListingWay, number: int, stage: str) -> Row:
        """Let a way do its work, and look at what it takes; raises NotTheSameWorkError unless it archives all."""
        pair = pair_name(number)
        carried = self._carried()
        server = Spending((way.server,), client=way.client(pair), prefix=self._prefix)
        # What others have written must not reach the disk at this one's expense.
        os.sync()
        with server, Spending((self.machine.host,)) as client:
            began = time.monotonic()
            way.act(pair, stage)
            seconds = time.monotonic() - began
        done = way.done(pair)
        if done.files not in self._files:
            raise NotTheSameWorkError(f"{way.name} archived {done.files} files, not {self._files}")
        return Row(
            tree=self.tree,
            round_trip=self.round_trip,
            pair=number,
            stage=stage,
            way=way.name,
            load=os.getloadavg()[0],
            seconds=seconds,
            work_seconds=done.work_seconds,
            server=server.spent,
            client=client.spent,
            wire_bytes=self._carried() - carried,
            files=done.files,
            requests=done.requests,
        )

    def _make(self, share: float) -> None:
        if self.tree == "mixed":
            self._python(_PROGRAMS / "sample_tree.py", f"/{SOURCE}")
        else:
            self._python(_PROGRAMS / "trees.py", "make", self.tree, f"/{SOURCE}", str(share))
        inodes = self.machine.exec("find", f"/{SOURCE}", "-type", "f", "-printf", "%i\n").stdout.split()
        # Borg counts a file with two names once, where it is shown as one.
        self._files = (len(set(inodes)), len(inodes))

    def _carried(self) -> int:
        return sum(proxy.tell("carried") for proxy in self._proxies)

    def _python(self, program: Path, *words: str) -> None:
        text = program.read_text("utf-8")
        docker("exec", "--interactive", self.machine.host, "python3", "-", *words, stdin=text, within=WITHIN_SECONDS)


def measure(cell: Cell, choice: Choice, say: Callable[[str], None]) -> list[Row]:
    """Measure every way once a stage and pair; what is compared stands as close in time as can be."""
    rows = []
    ways = [cell.ways[name] for name in choice.ways]
    for number in range(choice.pairs):
        pair = pair_name(number)
        order = ways if number % 2 == 0 else ways[::-1]
        for way in order:
            way.prepare(pair)
        for stage in choice.stages:
            if stage == "changed":
                cell.change(number)
            for way in order:
                rows.append(row := cell.act(way, number, stage))
                say(f"{cell.tree} {cell.round_trip:g} ms {pair} {stage:9} {way.name:8} {row.seconds:7.2f} s")
        for way in order:
            way.forget(pair)
    return rows


def _volumes(lab: Lab, *folders: str) -> list[str]:
    return [word for folder in folders for word in ("--volume", f"{lab.volume(lab.name('bench'))}:{folder}")]
