"""What is looked at and made on the volumes, on a real disk in a temporary folder."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from appliance.edges.lock import only_one
from appliance.edges.volumes import MARKER, Volumes
from appliance.errors import StateError
from appliance.plan.make import plan_run
from appliance.plan.run_plan import RunPlan
from appliance.record import Reason
from tests.house import NOON, house, one

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    for name in ("config", "state", "repos"):
        (tmp_path / name).mkdir()
    return Volumes(
        config=tmp_path / "config",
        state=tmp_path / "state",
        repositories=tmp_path / "repos",
        uid=os.getuid(),
        gid=os.getgid(),
    )


def planned(operation: str = "create", run_id: str = "run-1") -> RunPlan:
    return plan_run(one(), operation, run_id=run_id, now=NOON, appliance_id="us")


def put(file: Path, text: str = "x") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_an_empty_house_is_seen_as_empty_and_stays_so(volumes: Volumes, tmp_path: Path) -> None:
    ground = volumes.survey("web1")

    assert (ground.marker, ground.has_repository, ground.has_key) == (None, False, False)
    assert (ground.has_known_hosts, ground.has_passphrase, ground.read_only) == (False, False, False)
    assert ground.free_space > 0
    assert list((tmp_path / "repos").iterdir()) == []


def test_what_is_there_is_seen_and_an_empty_pin_is_none(volumes: Volumes, tmp_path: Path) -> None:
    put(tmp_path / "repos/web1/config")
    put(tmp_path / "repos" / MARKER, "us\n")
    put(tmp_path / "config/keys/web1/id_ed25519")
    put(tmp_path / "config/secrets/web1/passphrase")
    put(tmp_path / "config/known_hosts/web1", "")

    ground = volumes.survey("web1")

    assert (ground.marker, ground.has_repository, ground.has_key) == ("us", True, True)
    assert (ground.has_passphrase, ground.has_known_hosts) == (True, False)


def test_the_pins_of_the_client_and_of_the_machines_on_the_way_are_told_apart(volumes: Volumes, tmp_path: Path) -> None:
    put(tmp_path / "config/known_hosts/web1", "jump1/web1 ssh-ed25519 AAAA\n")

    ground = volumes.survey("web1")

    assert (ground.has_known_hosts, ground.pinned) == (False, frozenset({"jump1/web1"}))


def test_first_runs_at_the_same_time_share_one_marker(volumes: Volumes, tmp_path: Path) -> None:
    plans = [
        plan_run(client, "create", run_id=f"run-{client.name}", now=NOON, appliance_id="us")
        for client in house(*(f"web{number}" for number in range(32))).clients
    ]

    with ThreadPoolExecutor(len(plans)) as threads:
        refusals = list(threads.map(volumes.prepare, plans))

    assert refusals == [None] * len(plans)
    assert (tmp_path / "repos" / MARKER).read_text(encoding="utf-8") == "us\n"


def test_prepare_makes_folders_marker_and_plan(volumes: Volumes, tmp_path: Path) -> None:
    key = put(tmp_path / "config/keys/web1/id_ed25519")

    assert volumes.prepare(planned()) is None

    written = tmp_path / "state/runs/web1/plan.json"
    assert RunPlan.from_json(written.read_text(encoding="utf-8")) == planned()
    assert written.stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "repos/web1").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state/cache/web1").stat().st_mode & 0o777 == 0o700
    assert key.stat().st_mode & 0o777 == 0o600
    assert volumes.survey("web1").marker == "us"


def test_a_mounted_plan_keeps_its_content_when_the_next_one_is_written(volumes: Volumes, tmp_path: Path) -> None:
    volumes.prepare(planned())

    with (tmp_path / "state/runs/web1/plan.json").open(encoding="utf-8") as mounted:
        volumes.prepare(planned(run_id="run-2"))
        assert RunPlan.from_json(mounted.read()).run_id == "run-1"


def test_only_a_run_that_makes_an_archive_marks_the_volume(volumes: Volumes) -> None:
    volumes.prepare(planned("files", "files-abc123"))
    volumes.prepare(planned("probe"))

    assert volumes.survey("web1").marker is None


def test_a_folder_that_cannot_be_made_is_a_refusal_and_not_a_fault(volumes: Volumes, tmp_path: Path) -> None:
    put(tmp_path / "repos/web1")

    refusal = volumes.prepare(planned())

    assert refusal is not None
    assert refusal.reason is Reason.REPOSITORY
    assert "repos/web1" in refusal.sentence


def test_volumes_that_are_not_there_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be read"):
        Volumes(repositories=tmp_path / "nowhere").survey("web1")


def test_a_second_supervisor_on_the_same_state_is_refused(tmp_path: Path) -> None:
    with (
        only_one(tmp_path / "lock"),
        pytest.raises(StateError, match="another supervisor"),
        only_one(tmp_path / "lock"),
    ):
        pass
    with only_one(tmp_path / "lock"):
        pass


def test_a_state_volume_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="is the state volume mounted"), only_one(tmp_path / "nowhere" / "lock"):
        pass
