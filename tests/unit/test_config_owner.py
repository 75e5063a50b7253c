"""PUID, PGID and UMASK: what they mean, what is refused, and where they get to."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.borg.command import borg
from appliance.borg.serve import serve
from appliance.config.load import MAIN, parse
from appliance.config.owner import IMAGES_OWN, Owner
from appliance.edges.accounts import write_accounts
from appliance.edges.volumes import Volumes
from appliance.errors import ConfigError
from appliance.plan import accounts, places
from appliance.plan.container import container_spec, spot_spec
from appliance.plan.make import plan_run
from appliance.plan.operations import QUESTIONS
from appliance.plan.run_plan import RunPlan
from appliance.plan.tunnels import gateway_spec
from appliance.pull import launches
from appliance.record import Operation
from tests.house import NOON, house, one

if TYPE_CHECKING:
    from pathlib import Path

UNRAIDS = Owner(uid=99, gid=100, umask="0027")
PASSWD = "root:x:0:0:root:/root:/bin/sh\nsshd:x:99:65534::/run/sshd:/bin/false\nborgpull:x:1000:1000::/:/bin/sh\n"
GROUP = "root:x:0:\nusers:x:100:\nborgpull:x:1000:\n"


def planned(operation: str = "create") -> RunPlan:
    return plan_run(one(), operation, run_id="run-1", now=NOON, appliance_id="us", owner=UNRAIDS)


def test_without_a_word_the_images_own_user_owns_everything() -> None:
    assert Owner.from_environment({}) == Owner.from_environment({"PUID": "", "UMASK": " "}) == IMAGES_OWN
    assert (IMAGES_OWN.uid, IMAGES_OWN.gid, IMAGES_OWN.umask) == (places.UID, places.GID, "0077")


def test_another_owner_is_taken_from_the_environment() -> None:
    assert Owner.from_environment({"PUID": "99", "PGID": "100", "UMASK": "027"}) == UNRAIDS
    assert Owner.from_environment({"UMASK": "0022"}) == Owner(umask="0022")


@pytest.mark.parametrize("number", ["0", "-1", "root", "1e3", "99999999999", "2147483647"])
@pytest.mark.parametrize("name", ["PUID", "PGID"])
def test_root_and_what_is_no_number_cannot_be_the_owner(name: str, number: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Owner.from_environment({name: number})

    assert f'environment: {name}: "{number}" cannot own the backups' in str(refused.value)


@pytest.mark.parametrize("mask", ["002", "000", "777", "0177", "77", "o77", "00077", "088"])
def test_a_mask_never_lets_others_write_nor_keeps_the_owner_out(mask: str) -> None:
    with pytest.raises(ConfigError, match="is no mask for repositories"):
        Owner.from_environment({"UMASK": mask})


def test_every_problem_of_the_environment_stands_beside_those_of_the_files() -> None:
    with pytest.raises(ConfigError) as refused:
        parse({MAIN: "[appliance]\nnme = 1\n"}, {"PUID": "0", "PGID": "x", "UMASK": "1"})

    assert [problem.key for problem in refused.value.problems] == ["appliance.nme", "PGID", "PUID", "UMASK"]


def test_the_configuration_knows_its_owner() -> None:
    assert parse({MAIN: ""}, {"PUID": "99", "PGID": "100", "UMASK": "027"}).owner == UNRAIDS


@pytest.mark.parametrize("operation", [*Operation, *QUESTIONS])
def test_every_container_runs_as_the_owner_and_can_look_up_its_name(operation: str) -> None:
    plan = planned(operation)

    spec = container_spec(one(), plan, house().settings)

    assert spec.user in ("99:100", "0:0")
    assert spec.scratch_owner == (99, 100)
    assert {("/state/accounts/passwd", "/etc/passwd"), ("/state/accounts/group", "/etc/group")} <= {
        (mount.source, mount.target) for mount in spec.mounts if mount.read_only
    }


def test_the_second_half_of_a_drill_and_the_gateway_run_as_the_owner_too() -> None:
    appliance = house("web1").model_copy(update={"owner": UNRAIDS})
    settings = appliance.settings.model_copy(
        update={"gateway": parse({MAIN: '[appliance]\ngateway = "n:1"'}, {}).settings.gateway}
    )
    gateway = gateway_spec(appliance.model_copy(update={"settings": settings}), appliance_id="us", image="sha256:1")

    assert gateway.user == "99:100"
    assert "/etc/passwd" in {mount.target for mount in gateway.mounts}
    assert spot_spec(one(), planned("drill"), settings).scratch_owner == (99, 100)


def test_nothing_is_mounted_over_the_images_accounts_for_its_own_user() -> None:
    plan = replace(planned(), uid=places.UID, gid=places.GID)

    assert not {"/etc/passwd", "/etc/group"} & {
        mount.target for mount in container_spec(one(), plan, house().settings).mounts
    }


def test_whatever_reads_a_client_is_started_as_the_owner() -> None:
    plan = planned()

    for spec in (launches.controller(plan, (3,)), launches.file_system(plan, 7), launches.borg_create(plan)):
        assert (spec.uid, spec.gid) == (99, 100)
    assert "user_id=99,group_id=100" in launches.fuse_mount(plan, 7).data


def test_borg_makes_files_by_the_mask() -> None:
    for command in (borg(planned(), "list"), serve(planned())):
        assert command.argv[command.argv.index("--umask") + 1] == "0027"


def test_a_plan_of_an_earlier_version_is_the_images_own_users() -> None:
    text = planned().to_json()
    for line in ('  "gid": 100,\n', '  "uid": 99,\n', '  "umask": "0027",\n'):
        text = text.replace(line, "").replace(line.replace(",\n", "\n"), "\n")

    assert RunPlan.from_json(text.replace(",\n\n}", "\n}")).uid == places.UID


def test_the_user_comes_first_with_his_new_numbers_and_nobody_is_lost() -> None:
    assert accounts.passwd(PASSWD, UNRAIDS).splitlines() == [
        "borgpull:x:99:100::/:/bin/sh",
        "root:x:0:0:root:/root:/bin/sh",
        "sshd:x:99:65534::/run/sshd:/bin/false",
    ]
    assert accounts.group(GROUP, UNRAIDS).splitlines() == ["borgpull:x:100:", "root:x:0:", "users:x:100:"]


def test_the_accounts_are_written_for_another_owner_and_for_nobody_else(tmp_path: Path) -> None:
    image = tmp_path / "etc"
    image.mkdir()
    (image / "passwd").write_text(PASSWD, encoding="utf-8")
    (image / "group").write_text(GROUP, encoding="utf-8")

    write_accounts(IMAGES_OWN, state=tmp_path, image=image)
    assert not (tmp_path / "accounts").exists()
    write_accounts(UNRAIDS, state=tmp_path, image=image)

    assert (tmp_path / "accounts/passwd").read_text(encoding="utf-8") == accounts.passwd(PASSWD, UNRAIDS)
    assert (tmp_path / "accounts/group").stat().st_mode & 0o777 == 0o644


def test_a_new_repository_is_open_to_whom_the_mask_says_and_its_cache_to_nobody(tmp_path: Path) -> None:
    for name in ("config", "state", "repos"):
        (tmp_path / name).mkdir()
    volumes = Volumes(
        config=tmp_path / "config",
        state=tmp_path / "state",
        repositories=tmp_path / "repos",
        uid=os.getuid(),
        gid=os.getgid(),
    )

    assert volumes.prepare(planned()) is None

    assert (tmp_path / "repos/web1").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "state/cache/web1").stat().st_mode & 0o777 == 0o700
