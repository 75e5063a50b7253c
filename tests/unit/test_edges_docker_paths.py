"""Which container we are, and what our paths are called on the host: read from recorded tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.edges.docker_engine.host_paths import overridden, translated
from appliance.edges.docker_engine.output import whole_lines
from appliance.edges.docker_engine.own_id import from_cgroup, from_mountinfo
from appliance.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

ID = "61778d2f4bcd50abd503bafe01642246456741f03d80973c703da7f6772f0324"
OTHER = "dfd50573b47cebd07a1182ede56240d864fc733a9bf3dfc14f3521ca535f2b17"
ROOT = "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
DOCKER = f"{ROOT}121 103 254:0 /var/lib/docker/containers/{ID}/hostname /etc/hostname rw,relatime - ext4 /dev/vda rw\n"
BTRFS = f"{ROOT}121 103 0:33 /@syno/@docker/containers/{ID}/resolv.conf /etc/resolv.conf rw - btrfs /dev/md2 rw\n"
PODMAN = (
    f"{ROOT}121 103 0:24 /containers/storage/overlay-containers/{ID}/userdata/hosts /etc/hosts rw - tmpfs tmpfs rw\n"
)
NESTED = f"{ROOT}90 89 254:0 /var/lib/docker/containers/{OTHER}/hostname /mnt/etc/hostname rw - ext4 /dev/vda rw\n"


@pytest.mark.parametrize("text", [DOCKER, BTRFS, PODMAN], ids=["docker", "btrfs", "podman"])
def test_the_mount_table_tells_the_id(text: str) -> None:
    assert next(from_mountinfo(text)) == ID


@pytest.mark.parametrize("text", ["", ROOT, NESTED, "garbage\n"], ids=["empty", "host", "foreign", "garbage"])
def test_a_mount_table_without_our_files_tells_nothing(text: str) -> None:
    assert list(from_mountinfo(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        f"12:pids:/docker/{ID}\n0::/docker/{ID}\n",
        f"0::/system.slice/docker-{ID}.scope\n",
        f"0::/machine.slice/libpod-{ID}.scope/container\n",
        f"5:memory:/docker/{OTHER}/docker/{ID}\n",
    ],
    ids=["v1", "v2-systemd", "podman", "nested"],
)
def test_the_cgroup_tells_the_innermost_id(text: str) -> None:
    assert next(from_cgroup(text)) == ID


def test_a_private_cgroup_namespace_tells_nothing() -> None:
    assert list(from_cgroup("0::/\n")) == []


MOUNTS = (
    {"Type": "bind", "Source": "/volume1/borg", "Destination": "/repos"},
    {"Type": "volume", "Source": "/var/lib/docker/volumes/s/_data", "Destination": "/state", "Driver": "local"},
    {"Type": "bind", "Source": "/volume2/big", "Destination": "/repos/big"},
    {"Type": "volume", "Source": "", "Destination": "/remote", "Driver": "sshfs"},
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/repos", "/volume1/borg"),
        ("/repos/web", "/volume1/borg/web"),
        ("/repos/big/web", "/volume2/big/web"),
        ("/repos/bigger", "/volume1/borg/bigger"),
        ("/state/cache/web", "/var/lib/docker/volumes/s/_data/cache/web"),
    ],
)
def test_the_longest_mount_translates_a_path(path: str, expected: str) -> None:
    assert translated(path, MOUNTS) == expected


def test_a_path_on_no_mount_is_an_error_that_names_the_override() -> None:
    with pytest.raises(EngineError, match="BORGPULL_HOST_PATH_CONFIG"):
        translated("/config/keys/web", MOUNTS)


def test_a_volume_that_only_its_driver_reaches_is_an_error() -> None:
    with pytest.raises(EngineError, match="driver sshfs"):
        translated("/remote/web", MOUNTS)


def test_the_operator_may_say_what_a_folder_is_called() -> None:
    environment = {"BORGPULL_HOST_PATH_REPOS": "/volume9/borg", "BORGPULL_HOST_PATH_STATE": ""}

    assert overridden("/repos/web", environment) == "/volume9/borg/web"
    assert overridden("/state/cache", environment) is None
    assert overridden("/repository", environment) is None


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_survive_any_cut(size: int) -> None:
    said = "first\ncafé\n\nlast".encode()
    chunks = [said[at : at + size] for at in range(0, len(said), size)]

    assert list(whole_lines(chunks)) == ["first", "café", "", "last"]


def test_of_an_endless_line_only_the_beginning_is_kept() -> None:
    assert list(whole_lines([b"ab", b"cdef", b"ghi\nnext\n"], longest=3)) == ["abc", "nex"]


def test_a_stream_that_breaks_loses_only_its_broken_line() -> None:
    def broken() -> Iterator[bytes]:
        yield b"whole\nhal"
        raise ConnectionResetError

    lines = whole_lines(broken())

    assert next(lines) == "whole"
    with pytest.raises(ConnectionResetError):
        next(lines)
