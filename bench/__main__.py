"""Measure the appliance against the same Borg run by hand: `python -m bench [PART] [--pairs N] [--quick]`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench import (
    compare,
    idle,
    listing,
    methods,
    million,
    options,
    report,
    report_back,
    report_listing,
    restores,
    status,
    year,
)
from bench.appliance import Borgpull
from bench.by_hand import Push, Sshfs
from bench.way import SOURCE
from bench.ways_back import OUT_ON_THE_MACHINE
from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.lab import Lab
from tests.e2e.harness.machine import Machine

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_CLIENTS = 1000
_DAYS = 365
_FILES = 1_000_000
_TREE = Path(__file__).with_name("sample_tree.py")


def main() -> None:
    given = options.arguments(__doc__)
    # Ended from outside, it leaves nothing behind either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ.setdefault("BORGPULL_TEST_IMAGE", "borgpull:latest")
    lab = Lab()
    try:
        pairs = 1 if given.quick else given.pairs
        found = report.Found(
            runs=compared(lab, pairs) if given.part in (None, "runs") else None,
            methods=compared_methods(lab, pairs) if given.part in (None, "methods") else None,
            restores=compared_restores(lab, pairs) if given.part in (None, "restores") else None,
            listing=listed(lab, given) if given.part in (None, "listing") else None,
            million=looked_into(lab, pairs, _FILES // 10 if given.quick else _FILES)
            if given.part in (None, "million")
            else None,
            year=simulated(quick=given.quick, keep=given.keep) if given.part in (None, "year") else None,
            status=stated(quick=given.quick) if given.part in (None, "status") else None,
            idle=idled(lab, quick=given.quick) if given.part in (None, "idle") else None,
        )
    finally:
        lab.close()
    print(f"\nall numbers: {report.keep(found)}")


def compared(lab: Lab, pairs: int) -> compare.Timings:
    """Time the three ways against one machine, and print the table."""
    machine, server = client_machine(lab), Machine(lab, "trixie", tree="none")
    appliance = ApplianceUnderTest(lab)
    appliance.create()
    ours = Borgpull(appliance, machine)
    ways = (Push(machine, server), Sshfs(lab, machine), ours)
    load = load_now()
    timings = compare.measure(ways, pairs, say)
    for pair in pair_names(pairs):
        ours.check(pair)
    print(f"\nload of this machine at the start and the end: {load} - {load_now()}")
    print(f"\n{report.comparison(timings, [way.name for way in ways])}\n", flush=True)
    lab.sweep(f"{lab.prefix}-")
    return timings


def compared_methods(lab: Lab, pairs: int) -> dict[str, compare.Timings]:
    """Time a push and the methods with Borg on the client, near and far, and print the table."""
    machine, server = client_machine(lab), Machine(lab, "trixie", tree="none")
    appliance = ApplianceUnderTest(lab)
    appliance.create()
    network = methods.Network(machine, server)
    push, ours = methods.ways(network, appliance, machine, server)
    load = load_now()
    found = {}
    for milliseconds in methods.ROUND_TRIPS:
        network.set_round_trip(milliseconds)
        trip = f"{milliseconds}ms"
        found[trip] = compare.measure((push, *ours), pairs, say, f"{trip}-")
        for way in ours:
            for pair in pair_names(pairs):
                way.check(f"{trip}-{pair}")
        print(f"\n{report.methods(trip, found[trip], [push.name, *(way.name for way in ours)])}\n", flush=True)
    print(f"load of this machine at the start and the end: {load} - {load_now()}\n", flush=True)
    lab.sweep(f"{lab.prefix}-")
    return found


def compared_restores(lab: Lab, pairs: int) -> restores.Restores:
    """Time every way back against bare Borg, and print the table."""
    appliance = ApplianceUnderTest(lab)
    appliance.create()
    machine = client_machine(lab, "--volume", f"{appliance.volumes['restored']}:{OUT_ON_THE_MACHINE}")
    server = Machine(lab, "trixie", tree="none", options=("--volume", f"{appliance.volumes['repos']}:/repos:ro"))
    backs = restores.ways(appliance, machine, server)
    load = load_now()
    found = restores.measure(appliance, backs, pairs, say)
    print(f"\nload of this machine at the start and the end: {load} - {load_now()}")
    print(f"\n{report_back.restored(found)}\n", flush=True)
    lab.sweep(f"{lab.prefix}-")
    return found


def listed(lab: Lab, given: argparse.Namespace) -> list[listing.Row]:
    """Time the pulls with nothing installed on the client, cell by cell, and print each table."""
    choice = listing.Choice(
        stages=given.stage,
        ways=given.way,
        pairs=1 if given.quick else given.pairs,
        share=0.1 if given.quick else 1.0,
    )
    found = []
    for tree in given.tree:
        for round_trip in given.rtt:
            rows = listing.measure(listing.Cell(lab, tree, round_trip, choice.share), choice, say)
            print(f"\n{report_listing.listing(rows)}\n", flush=True)
            found += rows
            lab.sweep(f"{lab.prefix}-")
    return found


def looked_into(lab: Lab, pairs: int, files: int) -> million.Million:
    """Ask what is in a large archive, and print the table."""
    appliance = ApplianceUnderTest(lab)
    appliance.create()
    load = load_now()
    found = million.measure(appliance, files, pairs, say)
    print(f"\nload of this machine at the start and the end: {load} - {load_now()}")
    print(f"\n{report_back.looked_into(found)}\n", flush=True)
    lab.sweep(f"{lab.prefix}-")
    return found


def client_machine(lab: Lab, *options: str) -> Machine:
    machine = Machine(lab, "trixie", tree="none", options=options)
    machine.exec("python3", "-", f"/{SOURCE}", stdin=_TREE.read_text("utf-8"))
    return machine


def pair_names(pairs: int) -> Iterator[str]:
    return (compare.pair_name(number) for number in range(pairs))


def idled(lab: Lab, *, quick: bool) -> idle.Idle:
    """Look at an idle supervisor, and print what it takes."""
    appliance = ApplianceUnderTest(lab)
    days = 30 if quick else _DAYS
    idle.configure(appliance, _CLIENTS, days)
    appliance.create(paused=False)
    found = idle.watch(appliance, _CLIENTS, days, seconds=20 if quick else 60, scrapes=3 if quick else 10)
    print(report.idleness(found), flush=True)
    return found


def simulated(*, quick: bool, keep: Path | None) -> year.Year:
    """Live a year of simulated time, and print what came of it."""
    found = year.lived(_CLIENTS // 10 if quick else _CLIENTS, _DAYS, say, keep)
    print(f"\n{year.table(found)}", flush=True)
    return found


def stated(*, quick: bool) -> status.Status:
    """Ask how a thousand clients stand, and print how long that takes."""
    found = status.measured(_CLIENTS // 10 if quick else _CLIENTS)
    print(f"\n{status.table(found)}\nload of this machine: {load_now()}\n", flush=True)
    return found


def load_now() -> str:
    """How many processes want to run: numbers of a machine that others use are worth little."""
    return f"{os.getloadavg()[0]:.1f}"


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
