"""The loop of `borgpull status --watch`: look, draw, wait a second, until the keyboard ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.live import Live

from appliance.cli.pace import Paces
from appliance.cli.present_live import STRIP_DAYS, Scene, live_page
from appliance.cli.surroundings import names_and_zone
from appliance.plan.days import day_starts, fold
from appliance.record import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from rich.console import Console

    from appliance.cli.client_states import ClientStatus
    from appliance.cli.pace import LiveRun
    from appliance.cli.surroundings import Store, Surroundings
    from appliance.plan.days import Day

_SECONDS = 1.0


def watch(
    world: Surroundings,
    console: Console,
    look: Callable[[], tuple[tuple[ClientStatus, ...], tuple[str, ...]]],
) -> None:
    """Draw what `look` finds (the clients, and what concerns the whole house) anew each second, until Ctrl-C."""
    store = world.journal()
    paces, past = Paces(), _Past(world, store)
    try:
        with Live(console=console, auto_refresh=False, screen=True) as live:
            while True:
                statuses, headlines = look()
                scene = Scene(
                    now=world.clock.now(),
                    headlines=headlines,
                    runs=_running(store, paces, {status.client for status in statuses}),
                    statuses=statuses,
                    days=past.days(),
                )
                live.update(live_page(scene, console.width, console.height), refresh=True)
                world.wait(_SECONDS)
    except KeyboardInterrupt:
        # How one leaves it: nothing was broken off.
        return


def _running(store: Store, paces: Paces, shown: set[str]) -> tuple[LiveRun, ...]:
    runs = [run for run in store.unfinished() if run.client in shown]
    histories = store.last_runs() if runs else {}
    looks = []
    for run in runs:
        history = histories.get(run.client)
        archive = history.last_success.archive if history and history.last_success else None
        # What a restore brings is in its progress; only a pull reads about as much as the last one.
        expected = archive.original_size if archive and run.operation is Operation.CREATE else None
        looks.append((run, store.progress_of(run.run_id), expected))
    return paces.look(looks)


class _Past:
    """The last 30 days of every client; read anew only when a run has ended or a day has begun."""

    def __init__(self, world: Surroundings, store: Store) -> None:
        self._world, self._store = world, store
        self._known: tuple[datetime, int] | None = None
        self._days: Mapping[str, Sequence[Day]] = {}

    def days(self) -> Mapping[str, Sequence[Day]]:
        _, zone = names_and_zone(self._world)
        starts = day_starts(self._world.clock.now(), zone, STRIP_DAYS)
        version = (starts[-1], sum(history.runs for history in self._store.last_runs().values()))
        if version != self._known:
            self._known, self._days = version, fold(self._store.glances(starts[0]), starts)
        return self._days
