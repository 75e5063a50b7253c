"""What a run works with, and what it is while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from appliance.config.owner import IMAGES_OWN
from appliance.ports import Facts, Journal, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from appliance.config.model import Appliance, ApplianceSettings, Client
    from appliance.config.owner import Owner
    from appliance.plan.disk_ledger import DiskLedger
    from appliance.plan.events import Note, Result
    from appliance.plan.gates import Refusal
    from appliance.plan.judge import Verdict
    from appliance.plan.launch_gates import Ground
    from appliance.plan.observed import Room
    from appliance.plan.run_plan import RunPlan
    from appliance.plan.tunnel_report import TunnelReport
    from appliance.plan.tunnels import Tunnel
    from appliance.ports import Clock, ContainerSpec, Engine
    from appliance.record import Reason, RunRecord


class Records(Journal, Ledger, Facts, Protocol):
    """The journal as a run needs it."""


class Volumes(Protocol):
    """The folders of the appliance. Every method raises StateError when it cannot look."""

    def survey(self, client: str) -> Ground:
        """Look at what stands on the volumes, and change nothing."""

    def room(self) -> Room:
        """Return how full the volume of the repositories is."""

    def prepare(self, plan: RunPlan) -> Refusal | None:
        """Make the client's folders, the marker if it is missing, and write the plan; or say why it cannot be done."""

    def mark(self, appliance_id: str) -> None:
        """Leave the marker where there is none, so that the volume is known again."""

    def release(self, client: str, run_id: str) -> None:
        """Remove the locks that this run of the client left; its container must be gone."""


class Logs(Protocol):
    """What the containers of runs said, kept on the state volume. Every method raises StateError."""

    def keep(self, client: str, run_id: str, lines: Sequence[str], *, newest: int) -> None:
        """Keep the log of a run, whole or not at all, and of the client's other logs the newest, `newest` in all."""

    def kept(self, client: str) -> Sequence[str]:
        """Return the ids of the client's runs of which there is a log, the newest log first."""

    def read(self, client: str, run_id: str) -> Sequence[str] | None:
        """Return the lines as they were kept; None when there is no log of that run."""


class Tunnels(Protocol):
    """The files of the gateway, as the supervisor needs them."""

    def tunnels(self) -> Mapping[str, Tunnel]:
        """Return every tunnel there is, by client; raises StateError where they cannot be told apart."""

    def open_door(self, admissions: str) -> None:
        """Let exactly these lines of authorized_keys in, and make what else the gateway is given; raises StateError."""

    def report(self) -> TunnelReport | None:
        """Return what the gateway said last; None when it never did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a run works with. `pause` waits so many seconds and returns True when the supervisor is closing.

    `appliance` returns the configuration in force, None while there is none: it says who is told what of a run's end.
    `keep_ledger` writes the ledger's copy beside the repositories; it raises StateError.
    """

    engine: Engine
    journal: Records
    volumes: Volumes
    logs: Logs
    clock: Clock
    log: Callable[[RunRecord, Note], None]
    pause: Callable[[float], bool]
    appliance: Callable[[], Appliance | None] = lambda: None
    keep_ledger: Callable[[DiskLedger], None] = lambda _ledger: None


@dataclass(slots=True, kw_only=True)
class Watch:
    """A run in progress, as its worker and the supervisor share it; the supervisor sets only `stop_reason`.

    `then` is the container that goes on where the first one ended well. `is_half` says that there should be such
    a one, and that nobody here knows it: the run was adopted. `is_recorded` says that the end of the run is written
    down, and only its container is still to be removed.
    """

    record: RunRecord
    container: str
    deadline: datetime
    stop_reason: Reason | None = None
    result: Result | None = None
    lines_heard: int = 0
    told: datetime | None = None
    trouble: str = ""
    then: ContainerSpec | None = None
    is_half: bool = False
    is_recorded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A run to be made. `tunnel_port` is the gateway's port of a client that dials in.

    `destination` is another client that an archive of this one is restored onto; the port is its then.
    A `verdict` is one that fell already: the run is recorded, and nothing of it is tried.
    """

    client: Client
    settings: ApplianceSettings
    appliance_id: str
    watch: Watch
    accept_shrink: bool = False
    tunnel_port: int | None = None
    verdict: Verdict | None = None
    destination: Client | None = None
    owner: Owner = IMAGES_OWN
