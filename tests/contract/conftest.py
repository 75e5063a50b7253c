"""Everything under contract: what is in memory beside what is real."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from appliance.edges.docker_engine import DockerEngine
from appliance.edges.sqlite_journal import SqliteJournal
from tests.contract.engines import IMAGE, Stage
from tests.contract.records import CLOCK, Whole
from tests.fakes import FakeEngine, MemoryJournal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Whole]:
    if request.param == "memory":
        yield MemoryJournal(CLOCK)
        return
    real = SqliteJournal(tmp_path / "journal.sqlite", CLOCK)
    yield real
    real.close()


@pytest.fixture(params=["memory", "docker"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    appliance_id = str(uuid4())
    if request.param == "memory":
        yield Stage(engine=FakeEngine(), appliance_id=appliance_id)
        return
    # The tests may run outside any container, where a path is the host's own.
    engine = DockerEngine(image=IMAGE, host_path=str)
    yield Stage(engine=engine, appliance_id=appliance_id)
    for state in engine.ours(appliance_id):
        engine.remove(state.name)
