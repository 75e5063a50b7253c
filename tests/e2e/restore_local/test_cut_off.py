"""A restore onto this server that is cut off: nothing half stays, it goes on, and it needs no supervisor meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.engine import docker, wait_for
from tests.e2e.harness.lease import restored
from tests.e2e.harness.restoring import LOST_HERE, archived, landed
from tests.e2e.harness.tmpfs import resize, tmpfs
from tests.lab.compare import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.shared import Shared

# Two names of one file come anew where Borg was ended between them: only so can they be linked.
FILES = "cd /restored/full && find . -type f ! -name one ! -name two -printf '%p %i\\n'"


@pytest.fixture(scope="module")
def own(lab: Lab, shared: Shared) -> Iterator[ApplianceUnderTest]:
    # Neither the big file nor all the small ones fill it alone: Borg comes to them in the order of their inodes.
    appliance = ApplianceUnderTest(lab, volumes={"restored": tmpfs(lab, size="10M")})
    appliance.create()
    # A volume in memory lasts as long as somebody has it, and the supervisor is going to be killed.
    docker(
        "run", "--detach", "--name", f"{appliance.name}-holder", "--label", lab.label, "--network", "none",
        "--volumes-from", appliance.supervisor, "--entrypoint", "sleep", lab.image, "3600",
    )  # fmt: skip
    archived(appliance, shared.machine("trixie"), "cut")
    yield appliance
    lab.sweep(f"{appliance.name}-")


def assert_whole(shared: Shared, own: ApplianceUnderTest, folder: str) -> None:
    source = shared.machine("trixie").manifest("/srv/cut")
    assert differences(source, landed(own, f"{folder}/srv/cut"), ignore=LOST_HERE) == []


def test_a_full_disk_ends_it_with_whole_files_alone_and_resume_goes_on(shared: Shared, own: ApplianceUnderTest) -> None:
    into = ("--way", "local", "--to", "/restored/full")

    done = restored(own, "cut", *into, code=3)

    assert "The disk of /restored/full is full" in " ".join(done.stdout.split())
    assert own.last_run("cut")["reason"] == "target"
    resize(own.supervisor, "/restored", "50M")
    before = set(own.shell(FILES).stdout.splitlines())
    restored(own, "cut", *into, "--resume")
    assert before
    assert before <= set(own.shell(FILES).stdout.splitlines())
    assert_whole(shared, own, "/restored/full")


def test_a_restore_outlives_a_supervisor_that_is_killed(shared: Shared, own: ApplianceUnderTest) -> None:
    container = own.pull_container("cut")
    resize(own.supervisor, "/restored", "50M")
    docker("exec", "--detach", own.supervisor, "borgpull", "restore", "cut", "latest", "--way", "local")
    wait_for(lambda: docker("pause", container, check=False).returncode == 0, within=60, what="the restore runs")

    own.kill()
    own.start()

    docker("unpause", container)
    wait_for(lambda: own.last_run("cut")["outcome"], within=60, what="the restore is recorded")
    last = own.last_run("cut")
    assert (last["operation"], last["outcome"]) == ("restore", "success"), last
    assert_whole(shared, own, f"/restored/{own.archives('cut')[0].replace(':', '')}")
