"""A repository that `borg check --repair` has filled with zeros: what comes back of it is never told as whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.by_hand import borg_by_hand
from tests.e2e.harness.lease import restored
from tests.e2e.harness.restoring import archived, damage, streamed

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared

FILLED = "srv/mended/sub/7"


def test_zeros_that_a_repair_has_put_in_are_named_by_every_way_and_again_by_resume(shared: Shared) -> None:
    appliance = shared.appliance
    archived(appliance, shared.machine("trixie"), "mended")
    (archive,) = appliance.archives("mended")
    damage(appliance, "mended", archive, FILLED)
    borg_by_hand(appliance, "mended", "check --repair || [ $? = 1 ]; chown -R 1000:1000 /repos/mended")

    code, _, said = streamed(appliance, "mended", "tar")
    into = ("--way", "local", "--to", "/restored/mended")
    first = restored(appliance, "mended", *into, code=1)
    again = restored(appliance, "mended", *into, "--resume", code=1)

    assert code == 1, said
    assert f"{FILLED}: zeros stand where its content was lost" in " ".join(said.split())
    for done in (first, again):
        assert FILLED in done.stdout + done.stderr
    assert appliance.last_run("mended")["outcome"] == "warning"
