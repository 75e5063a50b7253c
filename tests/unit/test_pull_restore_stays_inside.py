"""S8: whatever is in the archive and whatever stands on the client, a restore changes nothing outside itself."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import pytest

from tests.restored import folder, hard_link, made, restoring, symlink
from tests.sftp_server import SftpServer, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.pull.restores.members import Member


def hostile() -> Iterator[tuple[Member, IO[bytes] | None]]:
    yield folder("home", 0o777)
    yield symlink("home/out", "../../outside")
    yield folder("home/out", 0o777)
    yield made("home/out/planted", content=b"evil")
    yield made("home/out/canary", content=b"evil")
    yield made("../outside/canary", content=b"evil")
    yield made("home/../../outside/canary", content=b"evil")
    yield symlink("home/file", "../../outside/canary")
    yield made("home/file", content=b"a file in place of a link", mode=0o4777)
    yield hard_link("home/hard", "../outside/canary")
    yield hard_link("home/never", "home/not-there")
    yield symlink("home/late", "../../outside/canary")
    yield hard_link("home/late-too", "home/late")
    yield symlink("home/deep", "../../outside")
    yield made("home/deep/er/planted", content=b"evil")


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder and a file beside the target, which are as they were at the end."""
    place = tmp_path / "outside"
    place.mkdir(mode=0o755)
    (place / "canary").write_bytes(b"secret")
    (place / "canary").chmod(0o600)
    before = _state(place)
    yield place
    assert _state(place) == before


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir(mode=0o700)
    return tmp_path / "target"


def _state(place: Path) -> Any:
    found = ((path, path.lstat()) for path in sorted(place.parent.glob("outside/**")))
    return {path: (status.st_mode, status.st_mtime_ns, status.st_nlink, status.st_size) for path, status in found}


@pytest.mark.parametrize("looks", [False, True])
def test_a_hostile_archive_reaches_nothing_outside(root: Path, outside: Path, looks: bool) -> None:  # noqa: FBT001
    server = SftpServer()

    with restoring(root, server, looks=looks) as bench:
        report = bench.put(*hostile())

    assert (outside / "canary").read_bytes() == b"secret"
    assert server.followed == []
    assert all(path.startswith(f"{root}/") for path in server.owners)
    assert (root / "home/file").read_bytes() == b"a file in place of a link"
    refused = [warning for warning in report.warnings() if "not restored" in warning]
    assert len(refused) == report.missing == 9
    assert any("its path leads out of the archive" in warning for warning in refused)
    assert any("links are not followed" in warning for warning in refused)
    assert any("did not write" in warning for warning in refused)


def test_links_that_stand_on_the_client_are_replaced_and_never_followed(root: Path, outside: Path) -> None:
    (root / "file").symlink_to(outside / "canary")
    (root / "link").symlink_to(outside)
    (root / "twin").hardlink_to(outside / "canary")
    (outside / "canary").chmod(0o600)
    server = SftpServer()

    with restoring(root, server, looks=True) as bench:
        report = bench.put(
            made("file", content=b"new", mode=0o777), symlink("link", "elsewhere"), made("twin", content=b"new")
        )

    assert report.warnings() == ()
    assert (kind_of(root / "file"), (root / "file").read_bytes()) == ("file", b"new")
    assert str((root / "link").readlink()) == "elsewhere"
    assert (outside / "canary").read_bytes() == b"secret"
    assert server.followed == []


def test_a_folder_that_is_a_link_on_the_client_takes_nothing_and_says_so(root: Path, outside: Path) -> None:
    (root / "data").symlink_to(outside)
    server = SftpServer()

    with restoring(root, server, looks=True) as bench:
        report = bench.put(folder("data", 0o777), made("data/file", content=b"x"), made("other", content=b"y"))

    assert (report.missing, report.files) == (2, 1)
    assert f"a link stands at {root}/data on the client" in report.warnings()[0]
    assert server.followed == []


def test_what_stands_where_a_folder_or_a_file_cannot_be_is_left_and_named(root: Path) -> None:
    (root / "folder").write_bytes(b"a file")
    (root / "file").mkdir()

    with restoring(root, SftpServer(), looks=True) as bench:
        report = bench.put(made("folder/inside"), made("file", content=b"x"))

    assert report.missing == 2
    assert (root / "folder").read_bytes() == b"a file"
    assert list((root / "file").iterdir()) == []
    assert sorted(path.name for path in root.iterdir()) == ["file", "folder"]
