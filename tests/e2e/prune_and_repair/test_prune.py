"""The promise: nothing is deleted until the ledger agrees, and afterwards the ledger is what the repository holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.harness.by_hand import borg_by_hand
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import outside_archives, outside_borg
from tests.e2e.harness.waiting import stay_within_a_day

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.shared import Shared

_RETENTION = Path(__file__).parents[3] / "docs" / "how-to" / "retention.md"
_PATH = ("--path", "/srv/tree/folder 0")


def _archives(appliance: ApplianceUnderTest, client: str, count: int) -> list[str]:
    for _ in range(count):
        done = appliance.run(client)
        assert done.returncode == 0, done.stdout + done.stderr
    return appliance.archives(client)


def test_prune_keeps_what_the_rules_keep_and_frees_the_room(shared: Shared) -> None:
    stay_within_a_day()
    appliance, client = shared.appliance, "pruned"
    appliance.add_client(client, shared.machine("trixie"), *_PATH)
    oldest, middle, newest = _archives(appliance, client, 3)
    borg_by_hand(appliance, client, f"create ::{client}.tmp-of-a-dead-run /etc/hostname")

    done = appliance.run(client, "--operation", "prune")

    assert done.returncode == 0, done.stdout + done.stderr
    # Of one day Borg keeps the last archive, and the very first one until the rule has its seven.
    assert "1 archive deleted, and 1 unfinished" in done.stdout
    found = appliance.json("archives", client)
    assert {one["name"] for one in found if one["in_repository"] and one["in_ledger"]} == {oldest, newest}
    assert middle not in {one["name"] for one in found}
    assert outside_archives(appliance, client) == [oldest, newest]
    assert outside_borg(appliance, client, "check").returncode == 0
    assert appliance.status(client)["archives"] == 2
    assert appliance.last_run(client)["operation"] == "prune"
    assert_nothing_is_left(appliance, client)

    again = appliance.run(client)

    assert again.returncode == 0, again.stdout + again.stderr
    assert len(appliance.archives(client)) == 3


def test_a_client_without_rules_is_never_pruned(shared: Shared) -> None:
    appliance, client = shared.appliance, "kept"
    appliance.add_client(client, shared.machine("trixie"), *_PATH)
    made = _archives(appliance, client, 1)
    defaults = appliance.read("/config/borgpull.toml")
    appliance.write_config(defaults.replace("keep = { daily = 7 }\n", ""))
    try:
        done = appliance.run(client, "--operation", "prune")
    finally:
        appliance.write_config(defaults)

    assert done.returncode == 5, done.stdout + done.stderr
    assert "has no `keep`, so every archive is kept" in done.stdout
    assert appliance.archives(client) == made


def test_what_is_protected_stays_and_a_simulation_says_so_without_deleting_anything(shared: Shared) -> None:
    stay_within_a_day()
    appliance, client = shared.appliance, "protected"
    appliance.add_client(client, shared.machine("trixie"), *_PATH)
    made = _archives(appliance, client, 3)

    def told() -> list[tuple[str, bool, str | None]]:
        found = appliance.json("prune", client, "--simulate")
        assert found["refusals"] == []
        return [(one["name"], one["kept"], one["why"]) for one in found["archives"]]

    before = told()
    appliance.borgpull("protect", client, made[1])
    after = told()
    page = appliance.borgpull("prune", client, "--simulate").stdout

    assert before == [(made[0], True, "daily[oldest] 2"), (made[1], False, None), (made[2], True, "daily 1")]
    assert after == [before[0], (made[1], True, "protected"), before[2]]
    assert "3 archives would be kept, 0 archives deleted." in page
    assert appliance.archives(client) == made
    done = appliance.borgpull("prune", client)
    assert done.returncode == 0, done.stdout + done.stderr
    assert outside_archives(appliance, client) == made
    assert_nothing_is_left(appliance, client)


def test_with_compact_after_what_was_deleted_can_be_taken_back_by_the_recipe(shared: Shared) -> None:
    stay_within_a_day()
    appliance, client = shared.appliance, "patient"
    appliance.add_client(client, shared.machine("trixie"), *_PATH)
    file = f"/config/clients.d/{client}.toml"
    appliance.write_config(f'{appliance.read(file).rstrip()}\ncompact_after = "7d"\n', file)
    made = _archives(appliance, client, 3)
    segments = appliance.shell(f"find /repos/{client}/data -type f | sort").stdout.split()

    done = appliance.run(client, "--operation", "prune")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 archive deleted; 2 archives kept, their room is freed by the next prune" in done.stdout
    assert appliance.archives(client) == [made[0], made[2]]
    assert set(segments) <= set(appliance.shell(f"find /repos/{client}/data -type f").stdout.split())
    (before,) = [run for run in appliance.json("history", client) if (run["archive"] or {}).get("name") == made[2]]
    block = _RETENTION.read_text("utf-8").split("```sh\n")[1].split("```")[0]
    script = block.replace("TRANSACTION", str(before["repository"]["transaction"])).replace("web1", client)
    # The appliance of these tests is paused all the time.
    script = "\n".join(line for line in script.splitlines() if not line.startswith("borgpull "))
    shown = appliance.shell(script, check=False)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert [line.split()[0] for line in shown.stdout.splitlines()] == made
    appliance.shell(f"rm -r /repos/{client}-before /tmp/before")
    assert outside_archives(appliance, client) == [made[0], made[2]]
