"""S4: the ssh that carries the data trusts the pinned key alone, and never learns another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker
from tests.e2e.harness.processes import processes_in_full_swing
from tests.e2e.harness.slow import pulled_slowly

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared

ROLES = frozenset({"init", "warden", "controller", "ssh", "sshfs", "borg"})


def test_ssh_is_told_to_trust_the_pinned_key_alone(shared: Shared) -> None:
    with pulled_slowly(shared.appliance, "pinned", shared.machine("trixie")) as container:
        found = processes_in_full_swing(shared.lab, container, ROLES)
        (ssh,) = (process for process in found if process.role == "ssh")
        words = ssh.words.split()
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
    assert meant["hostkeyalias"] == "pinned"
    assert meant["batchmode"] == "yes"
    assert meant.get("verifyhostkeydns", "no") in ("no", "false")
    assert shared.appliance.last_run("pinned")["outcome"] == "success"
