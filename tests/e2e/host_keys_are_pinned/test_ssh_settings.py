"""S4: the ssh that carries the data trusts the pinned key alone, and never learns another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker
from tests.e2e.harness.processes import processes_in_full_swing
from tests.e2e.harness.slow import pulled_slowly

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared

ROLES = frozenset({"init", "warden", "controller", "ssh", "file system", "borg"})


@pytest.mark.parametrize("listing", ["auto", "never"])
def test_ssh_is_told_to_trust_the_pinned_key_alone(shared: Shared, listing: str) -> None:
    client = f"pinned-{listing}"
    with pulled_slowly(shared.appliance, client, shared.machine("trixie"), listing=listing) as container:
        found = processes_in_full_swing(shared.lab, container, ROLES)
        # The listing's file system may have a second one, for holes.
        words = next(process.words.split() for process in found if process.role == "ssh")
        written = docker("exec", container, "cat", words[words.index("-F") + 1]).stdout
        # -G: what ssh makes of that very command line in the end, including what sshfs adds to it.
        understood = docker("exec", "--user", "1000", container, words[0], "-G", *words[1:]).stdout

    said = {line.split()[0].lower(): line.split()[1] for line in written.splitlines()}
    assert said["stricthostkeychecking"] == "yes"
    assert said["updatehostkeys"] == "no"
    meant = dict(line.split(" ", 1) for line in understood.splitlines())
    assert meant["stricthostkeychecking"] in ("yes", "true")
    assert meant["updatehostkeys"] in ("no", "false")
    assert meant["userknownhostsfile"] == "/.borgpull/known_hosts"
    assert meant["globalknownhostsfile"] == "/dev/null"
    assert meant["hostkeyalias"] == client
    assert meant["batchmode"] == "yes"
    assert meant.get("verifyhostkeydns", "no") in ("no", "false")
    assert shared.appliance.last_run(client)["outcome"] == "success"
