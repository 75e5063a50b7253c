from __future__ import annotations

from pathlib import Path

import pytest

from appliance.pull.failure import Failure
from appliance.pull.source import Source, check_alive, check_paths, mounted_filesystem
from appliance.record import Reason


@pytest.fixture
def source(tmp_path: Path) -> Source:
    (tmp_path / "srv/data").mkdir(parents=True)
    (tmp_path / "srv/data/file").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("/etc")
    (tmp_path / "up").symlink_to("../..")
    return Source(root=tmp_path, filesystem="")


def refused(source: Source, *paths: str) -> tuple[Reason, str]:
    with pytest.raises(Failure) as caught:
        check_paths(source, paths)
    return caught.value.reason, caught.value.message


def test_paths_that_are_there_pass(source: Source) -> None:
    check_paths(source, ("/srv/data", "/srv/data/file", "/"))


def test_a_missing_path_is_named(source: Source) -> None:
    reason, message = refused(source, "/srv/data", "/srv/nothing")

    assert reason is Reason.SOURCE_MISSING
    assert "/srv/nothing" in message


@pytest.mark.parametrize(("path", "target"), [("/link", "/etc"), ("/link/ssl", "/etc"), ("/up/x", "../..")])
def test_no_link_on_the_way_is_followed_out_of_the_client(source: Source, path: str, target: str) -> None:
    reason, message = refused(source, path)

    assert reason is Reason.SOURCE_MISSING
    assert f"{target!r}" in message
    assert "name the real folder" in message


def test_only_empty_folders_are_a_disk_that_is_not_mounted(source: Source) -> None:
    reason, message = refused(source, "/empty")

    assert reason is Reason.SOURCE_EMPTY
    assert "not mounted" in message


def test_one_empty_folder_among_others_is_no_trouble(source: Source) -> None:
    check_paths(source, ("/empty", "/srv"))


def test_a_folder_that_is_no_mount_is_not_alive(source: Source) -> None:
    with pytest.raises(Failure) as caught:
        check_alive(source)

    assert caught.value.reason is Reason.CONNECTION_LOST


def test_what_is_mounted_is_read_from_the_kernel() -> None:
    assert mounted_filesystem(Path("/proc")) == "proc"
    assert mounted_filesystem(Path("/no/such/mount")) == ""
