"""PUID, PGID and UMASK: at an appliance that has backups already, everything becomes that user's, and goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.callback import free_address
from tests.e2e.harness.dialling import Dialler, FarSide, add_client_that_dials_in
from tests.e2e.harness.engine import docker, wait_for
from tests.e2e.harness.machine import Machine
from tests.e2e.harness.outside import outside_archives
from tests.e2e.harness.processes import processes_in_full_swing
from tests.e2e.harness.slow import pulled_slowly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.lab import Lab

# What Unraid gives its applications: a user and a group that the image has under another name, or not at all.
OWNER = ("--env", "PUID=99", "--env", "PGID=100", "--env", "UMASK=027")
CLIENTS = ("web", "chroot", "agent", "laptop")
NOT_THEIRS = "find {} ! '(' -user 99 -group 100 ')'"


@pytest.fixture(scope="module")
def far(lab: Lab) -> Iterator[FarSide]:
    side = FarSide(lab)
    yield side
    side.close()


@pytest.fixture(scope="module")
def near(lab: Lab) -> Iterator[Machine]:
    machine = Machine(lab, "trixie", tree="public")
    yield machine
    lab.sweep(f"{machine.host}$")


@pytest.fixture(scope="module")
def moved(lab: Lab, far: FarSide, near: Machine) -> Iterator[ApplianceUnderTest]:
    """Back everything up as the image's own user; then the same appliance starts with another one."""
    appliance = far.appliance()
    appliance.create()
    folder = ("--path", "/srv/tree/folder 0")
    appliance.add_client("web", near, *folder)
    appliance.add_client("chroot", near, *folder, "--names", "chroot")
    appliance.add_client("agent", near, *folder, "--method", "ssh-agent", "--callback", free_address(lab.network))
    machine = far.machine()
    add_client_that_dials_in(appliance, "laptop", machine)
    dialler = Dialler(appliance, "laptop", machine)
    dialler.set_up()
    dialler.dial()
    appliance.borgpull("client", "trust", "laptop", "--yes")
    run_all(appliance)
    docker("rm", "--force", appliance.supervisor)
    appliance.create(*OWNER)
    wait_for(lambda: gateway_user(appliance) == "99:100", within=60, what="the gateway is that user's")
    dialler.wait_until_back()
    yield appliance
    lab.sweep(f"{appliance.name}-")


def run_all(appliance: ApplianceUnderTest) -> None:
    for client in CLIENTS:
        run = appliance.run(client)
        assert run.returncode == 0, run.stdout + run.stderr


def gateway_user(appliance: ApplianceUnderTest) -> str:
    name = f"{appliance.name}-gateway"
    return docker("inspect", "--format", "{{.Config.User}}", name, check=False).stdout.strip()


def test_every_method_goes_on_and_all_that_it_uses_is_the_new_owners(moved: ApplianceUnderTest) -> None:
    run_all(moved)

    for client in CLIENTS:
        assert len(moved.archives(client)) == len(outside_archives(moved, client)) == 2
        kept = f"/repos/{client} /state/cache/{client} /config/keys/{client}/id_ed25519 /config/secrets/{client}/*"
        assert moved.shell(NOT_THEIRS.format(kept)).stdout == ""
    assert moved.shell(NOT_THEIRS.format("/config/gateway/ssh_host_ed25519_key /state/gateway/door")).stdout == ""


def test_what_is_new_in_a_repository_may_be_read_by_the_group_and_secrets_may_not(moved: ApplianceUnderTest) -> None:
    moved.borgpull("client", "add", "fresh", "--volume", moved.volumes["config"], "--path", "/clients.d")
    # The configuration's files are root's, so Borg as PUID warns of some; what it may read is in the archive.
    assert moved.run("fresh").returncode in (0, 1)

    assert moved.shell("stat -c %a /repos/fresh /repos/fresh/data /repos/fresh/config").stdout.split() == [
        "750", "750", "640",
    ]  # fmt: skip
    assert moved.shell("stat -c %a /state/cache/fresh /config/secrets/fresh/passphrase").stdout.split() == [
        "700", "600",
    ]  # fmt: skip


def test_who_reads_a_client_is_that_user_and_has_no_right(moved: ApplianceUnderTest, near: Machine) -> None:
    roles = frozenset({"init", "warden", "controller", "ssh", "file system", "borg"})

    with pulled_slowly(moved, "slow", near) as container:
        found = processes_in_full_swing(moved.lab, container, roles)

    assert {one.uid for one in found if one.role in roles - {"init", "warden"}} == {99}
    assert not any(one.capabilities["CapBnd"] for one in found if one.uid)
    assert moved.last_run("slow")["outcome"] == "success"


def test_what_is_restored_onto_this_server_is_that_users(moved: ApplianceUnderTest) -> None:
    done = moved.borgpull("restore", "web", "latest", "--way", "local", "--to", "/restored/back", "--yes", check=False)

    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert moved.shell("find /restored/back -type f | head -n 1").stdout
    assert moved.shell(NOT_THEIRS.format("/restored/back")).stdout == ""


def test_root_cannot_be_the_owner(moved: ApplianceUnderTest) -> None:
    done = docker(
        "run", "--rm", "--label", moved.lab.label, "--env", "PUID=0", moved.lab.image, "supervise", check=False
    )  # fmt: skip

    assert done.returncode == 2
    assert 'environment: PUID: "0" cannot own the backups' in done.stderr
    assert "Traceback" not in done.stderr
