from __future__ import annotations

import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from appliance.cli.checkup_security import security_findings
from appliance.cli.checkup_socket import socket_finding
from appliance.cli.findings import Level, bad, exit_code, fine, warning
from appliance.errors import ExitCode
from appliance.plan.engine_facts import EngineFacts
from appliance.plan.file_systems import Kind, VolumeLook, kind_of, mount_of
from appliance.record import Operation, Outcome, Reason
from tests.cli_world import SOUND, CliWorld
from tests.house import NOON, record

if TYPE_CHECKING:
    from pathlib import Path

_TABLE = """\
22 1 0:20 / / rw,relatime - overlay overlay rw
30 22 8:1 /state /state rw - ext4 /dev/sda1 rw
31 22 0:45 / /repos rw - nfs4 nas:/backup rw
32 22 0:46 / /with\\040blank rw shared:1 master:2 - fuse.mergerfs a:b rw
33 31 0:47 / /repos rw - fuse.sshfs over rw
"""


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path)


def first(world: CliWorld, *options: str) -> tuple[int, str]:
    """The exit code, and what the first line says without its level."""
    shown = world.run("doctor", *options)
    return shown.code, shown.out.splitlines()[0].partition(" ")[2].strip()


def found(world: CliWorld, subject: str, *options: str) -> list[dict[str, Any]]:
    return [one for one in world.run("doctor", "--json", *options).data if one["subject"] == subject]


# ---- the first line and the exit code ----


def test_the_exit_code_is_that_of_the_first_bad_finding() -> None:
    findings = (fine("a", "x"), warning("b", "x", ""), bad("c", "x", "", ExitCode.STATE), bad("d", "x", ""))

    assert exit_code(findings) is ExitCode.STATE
    assert exit_code(findings[:2]) is ExitCode.WARNING
    assert exit_code(findings[:1]) is ExitCode.SUCCESS


def test_the_first_line_names_the_cause_and_not_what_follows_from_it(world: CliWorld) -> None:
    world.engine.outage = "cannot reach the container engine"
    world.looks[world.repositories] = VolumeLook(mounted=False)

    assert first(world) == (7, "engine: cannot reach the container engine")


def test_a_wrong_configuration_comes_before_everything_and_ends_with_two(world: CliWorld) -> None:
    world.engine.outage = "cannot reach the container engine"
    world.configure("[appliance]\nmax_paralel = 2\n")

    code, said = first(world)

    assert code == 2
    assert said.startswith("configuration: ")


def test_programs_get_the_worst_first_with_its_exit_code(world: CliWorld) -> None:
    world.engine.own_trouble = "cannot find out which container the supervisor runs in"

    told = world.run("doctor", "--json").data

    assert (told[0]["subject"], told[0]["level"], told[0]["exit_code"]) == ("own container", "bad", 7)
    assert [one["level"] for one in told] == sorted((one["level"] for one in told), key=["bad", "warning", "ok"].index)


# ---- engine ----


def test_an_engine_older_than_mounts_is_too_old(world: CliWorld) -> None:
    world.engine.told = EngineFacts(version="1.13.1", api_version="1.26")

    assert first(world) == (7, "engine: version 1.13.1 speaks API 1.26, and Borgpull needs 1.30 or newer")


@pytest.mark.parametrize(("api", "old"), [("1.29", True), ("1.30", False), ("1.51", False), ("unknown", False)])
def test_versions_are_compared_as_numbers(api: str, *, old: bool) -> None:
    assert EngineFacts(api_version=api).is_too_old is old


def test_a_clock_apart_from_the_engines_is_bad(world: CliWorld) -> None:
    world.engine.told = EngineFacts(api_version="1.46", now=NOON - timedelta(hours=3))

    (clock,) = found(world, "engine clock")

    assert clock["level"] == "bad"
    assert clock["sentence"].startswith("the engine's clock is 3 h behind this one")


@pytest.mark.parametrize(
    ("users", "status", "levels", "words"),
    [
        ("0 0 4294967295", "Seccomp:\t2\n", [Level.OK], "containers run under AppArmor (docker-default), seccomp"),
        (
            "0 100000 65536",
            "Seccomp:\t0\n",
            [Level.OK, Level.WARNING],
            "the engine maps users (rootless, or userns-remap)",
        ),
    ],
)
def test_mapped_users_are_told_by_the_kernel(
    world: CliWorld, tmp_path: Path, users: str, status: str, levels: list[Level], words: str
) -> None:
    (tmp_path / "uid_map").write_text(f"         {users}\n", encoding="ascii")
    (tmp_path / "status").write_text(status, encoding="ascii")
    world.engine.apparmor = "docker-default"

    findings = list(security_findings(world.engine, proc=tmp_path))

    assert [finding.level for finding in findings] == levels
    assert findings[-1].sentence.startswith(words)


# ---- socket ----


def test_a_socket_is_looked_at_before_it_is_used(tmp_path: Path) -> None:
    place = tmp_path / "engine.sock"
    assert "there is nothing at" in socket_finding(f"unix://{place}").sentence
    place.mkdir()
    assert "is a folder, which Docker makes" in socket_finding(f"unix://{place}").sentence
    place.rmdir()
    place.write_text("", encoding="utf-8")
    assert socket_finding(f"unix://{place}").sentence.endswith("is no socket")
    place.unlink()

    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(place))
        place.chmod(0o660)
        assert socket_finding(f"unix://{place}").level is Level.OK
        place.chmod(0o666)
        assert socket_finding(f"unix://{place}").level is Level.WARNING


def test_an_engine_over_the_network_has_no_socket_to_look_at() -> None:
    finding = socket_finding("tcp://socket-proxy:2375")

    assert (finding.level, finding.code) == (Level.OK, ExitCode.SUCCESS)


# ---- volumes ----


def test_a_folder_without_a_volume_is_bad_and_no_container_is_asked_about_it(world: CliWorld) -> None:
    world.looks[world.repositories] = VolumeLook(mounted=False)

    code, said = first(world)

    assert code == 9
    assert (
        said == f"{world.repositories}: no volume is mounted there: what is written would be lost with this container"
    )
    assert not found(world, f"{world.repositories} in containers")
    assert found(world, f"{world.state} in containers")


def test_a_full_disk_is_said_before_that_it_cannot_be_written(world: CliWorld) -> None:
    trouble = "cannot be written: No space left on device"
    world.looks[world.repositories] = VolumeLook(file_system="ext4", free=0, size=1 << 30, trouble=trouble)

    code, said = first(world)

    assert code == 9
    assert said.startswith(f"{world.repositories}: the disk is full: only 0 B of 1.0 GiB free")


@pytest.mark.parametrize(
    ("kind", "repositories", "state"),
    [
        ("nfs4", "warning", "bad"),
        ("cifs", "warning", "bad"),
        ("fuse.sshfs", "warning", "bad"),
        ("fuse.shfs", "warning", "warning"),
        ("virtiofs", "warning", "warning"),
        ("tmpfs", "warning", "warning"),
        ("btrfs", "ok", "ok"),
    ],
)
def test_file_systems_are_judged_by_what_is_kept_there(
    world: CliWorld, kind: str, repositories: str, state: str
) -> None:
    look = VolumeLook(file_system=kind, free=SOUND.free, size=SOUND.size)
    world.looks = {world.repositories: look, world.state: look}

    told = [one for one in world.run("doctor", "--json").data if kind in one["sentence"]]

    assert {(one["subject"], one["level"]) for one in told} == {
        (str(world.repositories), repositories),
        (str(world.state), state),
    }


def test_the_kernels_table_says_what_is_mounted_where() -> None:
    assert mount_of("/state", _TABLE) == (True, "ext4")
    # What is mounted last at a place is what is seen.
    assert mount_of("/repos", _TABLE) == (True, "fuse.sshfs")
    assert mount_of("/with blank", _TABLE) == (True, "fuse.mergerfs")
    assert mount_of("/config", _TABLE) == (False, "overlay")
    assert mount_of("/config", "") == (False, "")


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("ext4", Kind.LOCAL),
        ("zfs", Kind.LOCAL),
        ("fuseblk", Kind.FUSE),
        ("fuse.mergerfs", Kind.FUSE),
        ("fuse.rclone", Kind.NETWORK),
        ("9p", Kind.NETWORK),
        ("fuse.grpcfuse", Kind.SHARED),
    ],
)
def test_kinds_of_file_systems(word: str, kind: Kind) -> None:
    assert kind_of(word) is kind


# ---- probes ----


def test_probes_run_side_by_side_and_their_ends_are_findings(world: CliWorld) -> None:
    def ended() -> None:
        for request, (outcome, reason) in zip(
            tuple(world.journal.open_requests()), ((Outcome.SUCCESS, None), (Outcome.FAILED, Reason.AUTH)), strict=True
        ):
            run = record(
                outcome, reason, client=request.client, operation=Operation.PROBE, run_id=f"probe-{request.client}"
            )
            world.journal.finish(run)
            world.journal.answer(request.request_id, run_id=run.run_id)

    world.meanwhile = [ended]

    told = [one for one in world.run("doctor", "--probe", "--json").data if "tried now" in one["sentence"]]

    assert {(one["subject"], one["level"]) for one in told} == {("client web1", "bad"), ("client media", "ok")}
    assert "auth: " in told[0]["sentence"]


def test_without_a_supervisor_no_client_is_tried(world: CliWorld) -> None:
    world.clock.advance(timedelta(minutes=5))

    (told,) = found(world, "clients", "--probe")

    assert told["level"] == "warning"
    assert not world.journal.open_requests()


def test_without_a_supervisor_the_doctor_ends_with_its_code(world: CliWorld) -> None:
    world.clock.advance(timedelta(minutes=5))
    world.engine.told = EngineFacts(api_version="1.46")

    code, said = first(world)

    assert (code, said.partition(":")[0]) == (8, "supervisor")
