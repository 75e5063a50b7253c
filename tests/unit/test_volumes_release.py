from __future__ import annotations

import os
from typing import TYPE_CHECKING

from appliance.borg.command import host_id
from appliance.edges.volumes import Volumes

if TYPE_CHECKING:
    from pathlib import Path

RUN = "20261122T023000-ab"


def volumes(folder: Path) -> Volumes:
    return Volumes(
        config=folder / "config",
        state=folder / "state",
        repositories=folder / "repos",
        uid=os.getuid(),
        gid=os.getgid(),
    )


def lock(folder: Path, owner: str) -> Path:
    (folder / "lock.exclusive").mkdir(parents=True, exist_ok=True)
    held = folder / "lock.exclusive" / f"{owner}.17-0"
    held.touch()
    return held


def test_the_locks_of_a_run_that_is_gone_are_removed(tmp_path: Path) -> None:
    repository, cache = tmp_path / "repos/web1", tmp_path / "state/cache/web1/.cache/borg/abc"
    for folder in (repository, cache):
        lock(folder, host_id("app", RUN))
        (folder / "lock.roster").write_text(f'{{"exclusive": [["{host_id("app", RUN)}", 17, 0]]}}')

    volumes(tmp_path).release("web1", RUN)

    assert not list(repository.iterdir())
    assert not list(cache.iterdir())


def test_the_lock_of_somebody_else_stays(tmp_path: Path) -> None:
    repository = tmp_path / "repos/web1"
    strange = lock(repository, "laptop@0242")
    roster = repository / "lock.roster"
    roster.write_text(f'{{"shared": [["laptop@0242", 1, 0], ["{host_id("app", RUN)}", 1, 0]]}}')

    volumes(tmp_path).release("web1", RUN)

    assert strange.exists()
    assert roster.exists()


def test_a_client_without_a_repository_has_nothing_to_release(tmp_path: Path) -> None:
    volumes(tmp_path).release("web1", RUN)

    assert not list(tmp_path.iterdir())
