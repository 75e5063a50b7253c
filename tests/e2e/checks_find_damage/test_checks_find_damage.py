"""The promise: what a disk forgets is found, says what to do, and nothing is deleted until a check is good again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import wait_for
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.waiting import stay_within_a_day

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.shared import Shared

_DAMAGE = Path(__file__).with_name("damage.py").read_text(encoding="utf-8")


def _stored(appliance: ApplianceUnderTest, client: str) -> str:
    return appliance.shell(f"cd /repos/{client}; find data -type f | sort | xargs sha256sum").stdout


def _alarms(appliance: ApplianceUnderTest, client: str) -> list[str]:
    return [one["kind"] for one in appliance.json("alarms") if one["client"] == client]


@pytest.mark.parametrize("how", ["plain", "forged"])
def test_damage_is_found_and_holds_every_prune_until_a_check_is_good(shared: Shared, how: str) -> None:
    stay_within_a_day()
    appliance, client = shared.appliance, f"damaged-{how}"
    appliance.add_client(client, shared.machine("trixie"), "--path", "/srv/tree/folder 0")
    for _ in range(3):
        made = appliance.run(client)
        assert made.returncode == 0, made.stdout + made.stderr
    names = appliance.archives(client)
    sound = appliance.run(client, "--operation", "check")
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert "All files of the repository are whole; every piece of 3 archives was read and is right." in sound.stdout
    assert_nothing_is_left(appliance, client)
    appliance.shell(f"cp -a /repos/{client} /repos/.sound")
    segment = appliance.shell(f"python3 - /repos/{client} {how}", stdin=_DAMAGE).stdout.strip()

    found = appliance.run(client, "--operation", "check")

    assert found.returncode == 3, found.stdout + found.stderr
    run = appliance.last_run(client)
    assert (run["operation"], run["outcome"], run["reason"]) == ("check", "failed", "integrity")
    assert ("files of the repository" in run["message"]) == (how == "plain"), run["message"]
    assert names[0] in run["message"]
    assert "copy the repository before any repair" in run["message"]
    assert appliance.status(client)["state"] == "ok"
    wait_for(lambda: "damaged" in _alarms(appliance, client), within=90, what="the alarm")
    assert_nothing_is_left(appliance, client)

    before = _stored(appliance, client)
    held = appliance.run(client, "--operation", "prune")

    assert held.returncode == 5, held.stdout + held.stderr
    assert "nothing is pruned or compacted" in appliance.last_run(client)["message"]
    assert appliance.last_run(client)["reason"] == "integrity"
    assert (appliance.archives(client), _stored(appliance, client)) == (names, before)

    # The operator puts the sound copy back, and says so by another check.
    sound_segment = segment.replace(f"/repos/{client}/", "/repos/.sound/")
    appliance.shell(f"cat {sound_segment} > {segment}; rm -r /repos/.sound")
    again = appliance.run(client, "--operation", "check")
    assert again.returncode == 0, again.stdout + again.stderr
    wait_for(lambda: "damaged" not in _alarms(appliance, client), within=90, what="the end of the alarm")
    pruned = appliance.run(client, "--operation", "prune")
    assert pruned.returncode == 0, pruned.stdout + pruned.stderr
    assert names[1] not in appliance.archives(client)
