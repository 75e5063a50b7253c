"""What was restored, against the archive's list: each way in which it can be another thing is seen."""

from __future__ import annotations

import hashlib
import os
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from appliance.pull.drills.comparing import differences

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONTENT = b"what it was"


def listed(root: Path, path: str) -> dict[str, Any]:
    """Describe what stands there as Borg's list would."""
    place = root / path
    status = place.lstat()
    kind = stat.filemode(status.st_mode)[0]
    return {
        "path": path,
        "type": kind,
        "mode": stat.filemode(status.st_mode),
        "source": str(place.readlink()) if kind == "l" else "",
        "size": status.st_size,
        "isomtime": datetime.fromtimestamp(status.st_mtime_ns / 1e9, UTC).replace(tzinfo=None).isoformat(),
        "sha256": hashlib.sha256(place.read_bytes()).hexdigest() if kind == "-" else "",
    }


def file_for_folder(root: Path) -> None:
    (root / "sub").rename(root / "other")
    (root / "sub").symlink_to("other")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    (made / "sub").mkdir(parents=True)
    (made / "sub" / "file").write_bytes(CONTENT)
    os.link(made / "sub" / "file", made / "sub" / "second")
    (made / "sub" / "link").symlink_to("file")
    os.mkfifo(made / "sub" / "fifo")
    return made


def entries(root: Path) -> list[dict[str, Any]]:
    found = [listed(root, path) for path in ("sub", "sub/fifo", "sub/file", "sub/link", "sub/second")]
    found[-1] |= {"source": "sub/file", "size": 0, "sha256": "", "mode": f"h{found[-1]['mode'][1:]}"}
    return found


def heard(root: Path, wanted: list[dict[str, Any]]) -> tuple[str, ...]:
    return differences(root, wanted, lambda: None)


def test_what_came_back_as_it_was_is_the_same_even_where_nobody_may_read_it(root: Path) -> None:
    (root / "sub" / "file").chmod(0o000)
    (root / "sub").chmod(0o500)
    assert heard(root, entries(root)) == ()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda root: (root / "sub" / "link").unlink(), "sub/link: it did not come back"),
        (lambda root: (root / "sub" / "file").chmod(0o600), "sub/file: its kind and mode are"),
        (lambda root: os.utime(root / "sub" / "file", (5, 5)), "sub/file: its time is another one"),
        (lambda root: _rewrite(root / "sub" / "file", b"what it is"), "sub/file: its size is 10 and not 11"),
        (lambda root: _rewrite(root / "sub" / "file", b"what it Was"), "sub/file: its content is another one"),
        (lambda root: _relink(root / "sub" / "link"), "sub/link: it leads elsewhere"),
        (lambda root: _copied(root / "sub" / "second"), "sub/second: it is no hard link to sub/file"),
        (file_for_folder, "sub/file: it would lie outside"),
    ],
)
def test_each_difference_is_named(root: Path, change: Callable[[Path], object], sentence: str) -> None:
    wanted = entries(root)
    change(root)

    assert any(said.startswith(sentence) for said in heard(root, wanted)), heard(root, wanted)


def _rewrite(place: Path, content: bytes) -> None:
    times = (place.stat().st_atime_ns, place.stat().st_mtime_ns)
    place.write_bytes(content)
    os.utime(place, ns=times)


def _relink(place: Path) -> None:
    place.unlink()
    place.symlink_to("elsewhere")


def _copied(place: Path) -> None:
    status, content = place.stat(), place.read_bytes()
    place.unlink()
    place.write_bytes(content)
    place.chmod(stat.S_IMODE(status.st_mode))
    os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))
