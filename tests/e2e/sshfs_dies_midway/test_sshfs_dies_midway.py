"""The promise: a mount that dies under Borg never becomes an archive with files missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.harness.troubled import TroubledClient


@pytest.mark.parametrize("victim", ["file system", "ssh"])
def test_a_run_whose_mount_is_killed_keeps_nothing(either: TroubledClient, victim: str) -> None:
    run = either.pull_slowly()

    either.kill_inside(either.file_system if victim == "file system" else "ssh *")

    either.assert_failed(run.result(timeout=180), "connection_lost", either.name, "broke in the middle")
    either.proxy.tell("calm")
    either.recovers()
