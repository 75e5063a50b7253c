from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.edges.docker_engine.about import engine_facts, own_container
from appliance.edges.volume_look import look_at


def test_a_folder_is_looked_at_and_left_as_it_was(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    place = tmp_path / "repos"
    place.mkdir()
    mounts.write_text(f"36 25 8:1 / {place} rw,relatime shared:1 - btrfs /dev/sda1 rw\n", encoding="utf-8")

    look = look_at(place, mounts=mounts)

    assert (look.mounted, look.file_system, look.trouble) == (True, "btrfs", "")
    assert 0 < look.free <= look.size
    assert list(place.iterdir()) == []


def test_a_folder_that_is_not_there_cannot_be_seen(tmp_path: Path) -> None:
    look = look_at(tmp_path / "repos", mounts=tmp_path / "no mountinfo")

    assert (look.mounted, look.size, look.trouble) == (False, 0, "cannot be seen: No such file or directory")


def test_a_folder_that_takes_no_files_cannot_be_written() -> None:
    assert look_at(Path("/proc/self")).trouble.startswith("cannot be written: ")


def test_an_engines_answers_become_values() -> None:
    told = {"Version": "27.1", "ApiVersion": "1.46", "KernelVersion": "6.1", "Arch": "arm64"}

    facts = engine_facts(told, "Sun, 29 Nov 2026 14:00:00 GMT")

    assert facts.now == datetime(2026, 11, 29, 14, tzinfo=UTC)
    assert (facts.version, facts.api_version, facts.kernel, facts.architecture) == ("27.1", "1.46", "6.1", "arm64")


@pytest.mark.parametrize("told", ["", "yesterday", "2026-11-29T14:00:00"])
def test_a_clock_that_cannot_be_read_is_not_known(told: str) -> None:
    assert engine_facts({}, told).now is None


def test_of_the_own_containers_environment_the_names_are_told_alone() -> None:
    own = own_container({
        "Id": "ab" * 32,
        "Name": "/borgpull-supervisor-1",
        "Config": {"Env": ["TOKEN=very secret", "PATH=/bin"], "User": ""},
        "HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}, "SecurityOpt": ["no-new-privileges:true"]},
        "Mounts": [{"Type": "volume", "Name": "repos", "Source": "/var/x", "Destination": "/repos", "RW": True}],
    })  # fmt: skip

    assert own.environment == ("PATH", "TOKEN")
    assert "very secret" not in repr(own)
    assert (own.name, own.restart) == ("borgpull-supervisor-1", "unless-stopped")
    assert [(mount.target, mount.source) for mount in own.mounts] == [("/repos", "repos")]
