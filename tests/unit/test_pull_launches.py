from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.plan.run_plan import RunPlan
from appliance.pull import launches
from appliance.pull.launch import LaunchSpec
from appliance.pull.methods.sshfs import sshfs_argv
from appliance.pull.ssh_config import ssh_config

PLAN = RunPlan(
    run_id="r1",
    client="web1",
    operation="create",
    appliance_id="app",
    method="sshfs",
    names="client",
    host="web1.lan",
    user="root",
    paths=("/etc",),
    archive_name="web1-x",
    connection_timeout=45,
)
READ_EVERYTHING = 2


def specs(plan: RunPlan) -> tuple[LaunchSpec, ...]:
    return (launches.controller(plan, (3, 4, 5, 6)), launches.file_system(plan, 7), launches.borg_create(plan))


@pytest.mark.parametrize("names", ["client", "numeric"])
def test_over_sshfs_nothing_keeps_a_capability(names: str) -> None:
    for spec in specs(replace(PLAN, names=names)):
        assert spec.keep == ()
        assert (spec.uid, spec.gid) == (1000, 1000)


def test_only_borg_in_the_chroot_keeps_the_right_to_read() -> None:
    controller, sshfs, borg = specs(replace(PLAN, names="chroot"))

    assert (controller.keep, sshfs.keep, borg.keep) == ((), (), (READ_EVERYTHING,))


def test_a_folder_is_read_without_any_right_unless_the_operator_grants_it() -> None:
    plan = replace(PLAN, method="mount", names="numeric")

    assert launches.borg_create(plan).keep == ()
    assert launches.borg_create(replace(plan, read_all=True)).keep == (READ_EVERYTHING,)


def test_the_clients_names_are_bound_for_borg_alone() -> None:
    targets = [entry.target for entry in launches.borg_create(PLAN).mounts]

    assert targets == ["/etc/passwd", "/etc/group"]
    assert launches.file_system(PLAN, 7).mounts == ()


def test_the_chroot_is_read_only_and_has_no_place_to_write() -> None:
    overlay = launches.borg_create(replace(PLAN, names="chroot")).mounts[0]

    assert overlay.filesystem == "overlay"
    assert overlay.flags & 1
    assert "upperdir" not in overlay.data


def test_the_mount_is_read_only_and_hidden_from_root_except_for_the_chroot() -> None:
    assert launches.fuse_mount(PLAN, 7).flags & 1
    assert "allow_other" not in launches.fuse_mount(PLAN, 7).data
    assert "allow_other" in launches.fuse_mount(replace(PLAN, names="chroot"), 7).data


def test_no_launch_carries_a_secret_in_its_argv_or_environment() -> None:
    for spec in specs(PLAN):
        assert not any("PASSPHRASE" in key for key in spec.env)
        assert LaunchSpec.from_json(spec.command()[-1]) == spec


def test_ssh_checks_the_pinned_key_and_nothing_else() -> None:
    lines = {line.strip() for line in ssh_config(PLAN).splitlines()}

    assert {
        "StrictHostKeyChecking yes",
        "UpdateHostKeys no",
        "HostKeyAlias web1",
        "UserKnownHostsFile /.borgpull/known_hosts",
        "GlobalKnownHostsFile /dev/null",
        "BatchMode yes",
        "ServerAliveInterval 15",
    } <= lines


def test_sshfs_keeps_owners_links_and_the_end_of_a_dead_connection() -> None:
    argv = sshfs_argv(PLAN, 7)
    options = [argv[index + 1] for index, word in enumerate(argv) if word == "-o"]

    assert "no_contain_symlinks" in options
    assert not any(option.startswith(("uid=", "gid=", "umask=", "idmap=", "reconnect")) for option in options)
    assert "follow_symlinks" not in options
