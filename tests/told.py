"""A world in which everything that is told is heard."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from appliance.errors import StateError
from appliance.record import LedgerEntry
from appliance.supervisor import Courier, Post
from tests.fakes import FakeNotifier
from tests.house import NOON, archive, house
from tests.supervised import FINE, Life, Mortal, World

if TYPE_CHECKING:
    from appliance.config.model import Appliance
    from appliance.supervisor import Supervisor

URL, CHECK = "ntfy://hunter2", "https://hc.lan/1"
TOLD = house("web1", settings='notify = ["ntfy://hunter2"]\nreport = "weekly"', every='"6h"', healthchecks=f'"{CHECK}"')
QUIET = replace(FINE, free_space=90 << 30)


def no_secret(name: str) -> str:
    raise StateError(f"secrets/notify_urls/{name} cannot be read")


class Told:
    """A world, and a notifier that hears what is told in it."""

    def __init__(self, appliance: Appliance = TOLD, world: World | None = None) -> None:
        self.world = world or World(appliance)
        self.world.volumes.ground = QUIET
        self.notifier = FakeNotifier()

    def courier(self, life: Life | None = None) -> Courier:
        outbox: Any = Mortal(self.world.journal, life) if life else self.world.journal
        return Courier(
            outbox=outbox,
            post=Post(services=self.notifier, checks=self.notifier, read_secret=no_secret),
            appliance=lambda: self.world.appliance,
            clock=self.world.clock,
        )

    def after(self, span: timedelta, supervisor: Supervisor) -> Told:
        self.world.clock.advance(span)
        self.world.settle(supervisor)
        supervisor.tick()
        return self

    def heard(self) -> list[str]:
        """Carry what waits, and return the titles of all that is new since the last call; pings by their event."""
        before = len(self.notifier.sent)
        self.courier().deliver_due()
        return [notice.event.value if url == CHECK else notice.title for url, notice in self.notifier.sent[before:]]


def burst(client: str = "web1") -> list[LedgerEntry]:
    sizes = (900, 1, 1, 1, 800)
    return [
        LedgerEntry(
            client=client,
            archive=replace(
                archive(f"{client}-{number}", number),
                started=NOON - timedelta(days=9 - number),
                original_size=10**9,
                compressed_size=10**9,
                deduplicated_size=size * 10**6,
            ),
            run_id="old",
        )
        for number, size in enumerate(sizes)
    ]
