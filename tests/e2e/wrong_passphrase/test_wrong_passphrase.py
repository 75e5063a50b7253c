"""The promise: a wrong or lost passphrase is told once, not tried again and again, and never replaced by a new one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

_FILE = "/config/secrets/web/passphrase"


@pytest.fixture(scope="module")
def appliance(shared_appliance: ApplianceUnderTest, shared_machine: Machine) -> ApplianceUnderTest:
    """One client that has a good archive, and is due next in many months."""
    shared_appliance.add_client(
        "web", shared_machine, "--path", "/srv/tree/folder 0", "--schedule", _far_away(datetime.now().astimezone())
    )
    first = shared_appliance.run("web")
    assert first.returncode == 0, first.stdout + first.stderr
    return shared_appliance


def _far_away(now: datetime) -> str:
    return f"0 3 1 {(now.month + 5) % 12 + 1} *"


def _assert_refused(appliance: ApplianceUnderTest, *words: str) -> None:
    done = appliance.run("web")
    assert done.returncode == 3, done.stdout + done.stderr
    run = appliance.last_run("web")
    assert (run["outcome"], run["reason"], run["archive"]) == ("failed", "passphrase", None), run
    for word in words:
        assert word in run["message"]


def _assert_works_again(appliance: ApplianceUnderTest) -> None:
    appliance.shell(f"mv {_FILE}.kept {_FILE}")
    done = appliance.run("web")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_passphrase_is_told_and_not_tried_again_soon(appliance: ApplianceUnderTest) -> None:
    appliance.shell(f"cp -a {_FILE} {_FILE}.kept; echo wrong > {_FILE}")

    _assert_refused(appliance, "passphrase in secrets/web does not open the repository")

    planned = appliance.borgpull("plan", "web", check=False)
    assert "retry" not in planned.stdout
    _assert_works_again(appliance)


def test_a_lost_passphrase_is_asked_for_and_not_replaced(appliance: ApplianceUnderTest) -> None:
    appliance.shell(f"mv {_FILE} {_FILE}.kept")

    _assert_refused(appliance, "passphrase of web is missing", f"bring {_FILE} back")

    assert appliance.shell(f"ls {_FILE}", check=False).returncode != 0
    _assert_works_again(appliance)
