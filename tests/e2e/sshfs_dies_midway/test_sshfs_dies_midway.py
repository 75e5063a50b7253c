"""The promise: a mount that dies under Borg never becomes an archive with files missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.harness.troubled import TroubledClient


@pytest.mark.parametrize("victim", ["sshfs *", "ssh *"], ids=("sshfs", "ssh"))
def test_a_run_whose_mount_is_killed_keeps_nothing(troubled: TroubledClient, victim: str) -> None:
    run = troubled.pull_slowly()

    troubled.kill_inside(victim)

    troubled.assert_failed(run.result(timeout=60), "connection_lost", "troubled", "broke in the middle")
    troubled.proxy.tell("calm")
    troubled.recovers()
