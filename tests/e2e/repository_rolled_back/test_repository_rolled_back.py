"""The promise: an older copy of a repository is never taken for the newest, and what Borg knew besides may be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import outside_archives, outside_borg

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.shared import Shared

_PATH = ("--path", "/srv/tree/folder 0")


def _run(appliance: ApplianceUnderTest, client: str) -> None:
    done = appliance.run(client)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("knowledge", "reason"), [("kept", "replay"), ("lost", "tampering")])
def test_an_older_copy_that_was_put_back_is_refused_and_left_alone(shared: Shared, knowledge: str, reason: str) -> None:
    appliance, client = shared.appliance, f"older-{knowledge}"
    appliance.add_client(client, shared.machine("trixie"), *_PATH)
    _run(appliance, client)
    appliance.shell(f"cp -a /repos/{client} /repos/.older-{client}")
    _run(appliance, client)
    newest = outside_archives(appliance, client)
    appliance.shell(f"mv /repos/{client} /repos/.newer-{client}; mv /repos/.older-{client} /repos/{client}")
    if knowledge == "lost":
        # What Borg remembers of the repository is gone, too; the ledger still knows.
        appliance.shell(f"rm -rf /state/cache/{client}")

    done = appliance.run(client)

    assert done.returncode == 3, done.stdout + done.stderr
    last = appliance.last_run(client)
    assert (last["outcome"], last["reason"], last["archive"]) == ("failed", reason, None), last
    assert outside_archives(appliance, client) == newest[:1]

    appliance.shell(f"rm -rf /repos/{client}; mv /repos/.newer-{client} /repos/{client}")
    _run(appliance, client)
    assert outside_archives(appliance, client)[:2] == newest
    assert_nothing_is_left(appliance, client)


def test_lost_caches_and_security_folders_are_made_anew(shared: Shared) -> None:
    appliance, client = shared.appliance, "forgetful"
    appliance.add_client(client, shared.machine("trixie"), *_PATH)
    _run(appliance, client)
    appliance.shell(f"rm -rf /state/cache/{client}")

    _run(appliance, client)

    assert len(appliance.archives(client)) == 2
    assert outside_borg(appliance, client, "check").returncode == 0
    assert_nothing_is_left(appliance, client)
