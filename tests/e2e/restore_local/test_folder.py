"""Way local into a folder of this server: all that an unprivileged user can hold, and nothing outside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.lease import restored
from tests.e2e.harness.restoring import LOST_HERE, landed
from tests.lab.compare import differences

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared


def test_the_lab_tree_comes_back_in_everything_but_owners(shared: Shared, tree: str) -> None:
    appliance, machine = shared.appliance, shared.machine("trixie")
    # Neither a key nor the machine is needed for this way.
    appliance.shell(f"mv /config/keys/{tree} /config/keys/gone")

    done = restored(appliance, tree, "--way", "local")

    appliance.shell(f"mv /config/keys/gone /config/keys/{tree}")
    (archive,) = appliance.archives(tree)
    place = f"/restored/{archive.replace(':', '')}"
    assert f"are in {place} on this server" in done.stdout
    assert differences(machine.manifest(), landed(appliance, f"{place}/srv/tree"), ignore=LOST_HERE) == []
    assert appliance.shell(f"stat -c '%a %u' {place}").stdout == "700 1000\n"
    last = appliance.last_run(tree)
    assert (last["operation"], last["outcome"], last["archive"]) == ("restore", "success", None)
    assert appliance.status(tree)["last_success"] < last["started"]


def test_a_part_goes_where_it_is_told_and_a_slip_of_the_hand_is_answered_with_what_is_near(
    shared: Shared, tree: str
) -> None:
    appliance = shared.appliance

    restored(appliance, tree, "srv/tree/text.txt", "sh:srv/tree/links/*", "--way", "local", "--to", "/restored/a/part")

    found = landed(appliance, "/restored/a/part/srv/tree")
    assert {path for path, entry in found.items() if entry["type"] == "file"} == {"text.txt", "links/one", "links/two"}
    # One of the archive's links now leads out of it; no restore goes through.
    refused = restored(appliance, tree, "--way", "local", "--to", "/restored/a/part/srv/tree/links/absolute", code=3)
    assert "leads through absolute, which is no folder" in refused.stderr
    missing = restored(appliance, tree, "srv/tree/test.txt", "--way", "local", code=6)
    assert "Did you mean 'srv/tree/text.txt'?" in missing.stderr


def test_a_dry_run_tells_everything_that_would_come(shared: Shared, tree: str) -> None:
    whole = shared.appliance.json("files", tree, "latest")

    *told, totals = shared.appliance.json("restore", tree, "latest", "--way", "local", "--dry-run")

    assert [one["path"] for one in told] == [one["path"] for one in whole]
    assert totals["members"] == len(whole)


def test_damage_is_named_and_all_the_rest_comes_back(shared: Shared, hurt: str) -> None:
    appliance = shared.appliance

    done = restored(appliance, hurt, "--way", "local", "--to", "/restored/hurt", code=3)

    said = " ".join(done.stdout.split())
    assert appliance.last_run(hurt)["reason"] == "integrity"
    for path in ("srv/hurt/sub/7", "srv/hurt/sub/21"):
        assert f"{path}: not restored: its content is damaged" in said
    source = shared.machine("trixie").manifest("/srv/hurt")
    assert differences(source, landed(appliance, "/restored/hurt/srv/hurt"), ignore=LOST_HERE) == [
        "sub/21: only in the source", "sub/7: only in the source",
    ]  # fmt: skip
