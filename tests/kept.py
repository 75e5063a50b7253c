"""An engine, volumes and a channel that stand in files: what outlives a supervisor, for one that is really killed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.plan.events import ListedArchive, write
from appliance.plan.places import LABEL_CLIENT, LABEL_RUN
from appliance.ports import ContainerSpec
from tests.fakes import FakeEngine, Script
from tests.house import NOON, good
from tests.supervised import FINE, FakeVolumes

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.notice import Notice
    from appliance.plan.gates import Refusal
    from appliance.plan.run_plan import RunPlan


class KeptEngine(FakeEngine):
    """A fake engine whose containers stand in files, so that another process finds them; each makes an archive."""

    def __init__(self, folder: Path, *, hangs: bool) -> None:
        super().__init__(self._script)
        self._folder, self._hangs = folder, hangs
        for file in sorted(folder.glob("*.there")):
            super().start(_spec(**json.loads(file.read_text("utf-8"))))

    def start(self, spec: ContainerSpec) -> None:
        super().start(spec)
        kept = json.dumps({"name": spec.name, "labels": dict(spec.labels)})
        _keep(self._folder / f"{spec.labels[LABEL_RUN]}.there", kept)

    def remove(self, name: str) -> None:
        state = self.inspect(name)
        super().remove(name)
        if state is not None:
            file = self._folder / f"{state.labels[LABEL_RUN]}.there"
            file.rename(file.with_suffix(".gone"))

    def _script(self, spec: ContainerSpec) -> Script:
        number = archive_number(spec.labels[LABEL_RUN])
        made = [archive_number(run_id) for run_id in runs_started(self._folder)]
        listed = [ListedArchive(name=f"web1-{one}", id=f"{one:064x}", started=NOON) for one in {*made, number}]
        return Script(lines=(write(good(spec.labels[LABEL_CLIENT], number, *listed)),), hangs=self._hangs)


def _spec(name: str, labels: dict[str, str]) -> ContainerSpec:
    return ContainerSpec(name=name, entrypoint=(), command=(), labels=labels, mounts=(), network="none")


def _keep(file: Path, text: str) -> None:
    # In one step: another thread may reach the crash point in the middle of it.
    fresh = file.with_suffix(".new")
    fresh.write_text(text, "utf-8")
    fresh.rename(file)


def runs_started(folder: Path) -> list[str]:
    """Return the runs whose container the engine was given, whatever became of it."""
    return sorted(file.stem for file in folder.iterdir() if file.suffix in (".there", ".gone"))


def archive_number(run_id: str) -> int:
    """Return the number that stands for the archive of that run."""
    return int(run_id.rpartition("-")[2], 16)


class KeptVolumes(FakeVolumes):
    """Volumes whose marker stands in a file."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._marker = folder / "marker"
        if self._marker.exists():
            self.ground = replace(FINE, marker=self._marker.read_text("utf-8"), has_repository=True)

    def prepare(self, plan: RunPlan) -> Refusal | None:
        _keep(self._marker, plan.appliance_id)
        return super().prepare(plan)


class Teller:
    """A channel that keeps the title of whatever it was given."""

    def __init__(self, folder: Path) -> None:
        self._told = folder / "told"

    def send(self, url: str, notice: Notice) -> None:  # noqa: ARG002 - there is one channel
        with self._told.open("a", encoding="utf-8") as stream:
            stream.write(f"{notice.title}\n")
