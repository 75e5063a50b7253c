"""A drill's sample against the client as it is now: what may differ, and what may not."""

from __future__ import annotations

import errno
import hashlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from appliance.pull.drills.client_files import Here
from appliance.pull.drills.spot import Compared, compare, judged
from appliance.pull.failure import Failure
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from pathlib import Path

WHEN = 1_700_000_000


def entry(path: str, content: bytes = b"content", *, mtime: float = WHEN) -> dict[str, Any]:
    return {
        "path": path,
        "type": "-",
        "source": "",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "mtime": int(mtime * 1_000_000),
    }


@pytest.fixture
def client(tmp_path: Path) -> Path:
    (tmp_path / "srv").mkdir()
    write(tmp_path / "srv" / "file")
    return tmp_path


def write(place: Path, content: bytes = b"content", when: float = WHEN) -> None:
    place.write_bytes(content)
    os.utime(place, (when, when))


def compared(client: Path, *entries: dict[str, Any]) -> Compared:
    return compare(Here(client, lambda: None), entries, lambda _number, _path: None)


def test_what_has_not_changed_is_the_same(client: Path) -> None:
    (client / "srv" / "link").symlink_to("file")
    os.utime(client / "srv" / "link", (WHEN, WHEN), follow_symlinks=False)
    link = {**entry("srv/link"), "type": "l", "source": "file", "sha256": None}

    assert compared(client, entry("srv/file", mtime=WHEN + 0.9), link) == Compared(same=2)


def test_what_has_changed_or_gone_since_says_nothing_of_the_archive(client: Path) -> None:
    write(client / "srv" / "later", when=WHEN + 1)
    write(client / "srv" / "longer", b"content and more")
    (client / "srv" / "folder").mkdir()

    found = compared(client, *(entry(f"srv/{name}") for name in ("later", "longer", "folder", "gone", "no/such")))

    assert found == Compared(changed=5)


def test_what_differs_although_nothing_says_so_is_a_mismatch(client: Path) -> None:
    write(client / "srv" / "file", b"c0ntent")

    found = compared(client, entry("srv/file"))

    assert found.other == ["srv/file"]
    with pytest.raises(Failure) as failed:
        judged("web1", "1 of 1 came back.", found)
    assert failed.value.reason is Reason.MISMATCH
    assert failed.value.message.startswith("1 of 1 came back. But 1 of them differ from what web1 has now")
    assert failed.value.warnings == ("srv/file: differs from the client's",)


def test_what_a_failing_disk_does_not_give_is_a_warning_with_its_name(client: Path) -> None:
    class Failing(Here):
        def digest(self, path: str, size: int) -> str:
            raise OSError(errno.EIO, "Input/output error", path, size)

    found = compare(Failing(client, lambda: None), [entry("srv/file")], lambda _number, _path: None)

    result = judged("web1", "1 came back.", found)
    assert (result.outcome, result.reason) == (Outcome.WARNING, Reason.UNREADABLE)
    assert result.warnings == ("srv/file: cannot be read on the client (Input/output error)",)


def test_where_there_is_nothing_to_compare_the_message_says_so(client: Path) -> None:
    result = judged("web1", "The first 64 MiB could be read.", compared(client))

    assert result.message == "The first 64 MiB could be read. There was no file or link in it to compare with web1."


def test_what_may_not_be_read_there_is_counted_and_not_passed_over(client: Path) -> None:
    class Shut(Here):
        def digest(self, path: str, size: int) -> str:
            raise PermissionError(path, size)

    found = compare(Shut(client, lambda: None), [entry("srv/file")], lambda _number, _path: None)

    assert found == Compared(forbidden=1)
    result = judged("web1", "1 came back.", found)
    assert result.outcome is Outcome.SUCCESS
    assert result.message == (
        "1 came back. 0 files and links are the same on web1 now. 1 may not be read there by this key."
    )


def test_a_connection_that_goes_silent_is_no_unreadable_file(client: Path) -> None:
    class Silent(Here):
        def digest(self, path: str, size: int) -> str:
            raise TimeoutError(path, size)

    with pytest.raises(TimeoutError):
        compare(Silent(client, lambda: None), [entry("srv/file")], lambda _number, _path: None)


def test_a_path_never_leads_out_of_the_folder_by_a_link(client: Path) -> None:
    (client / "srv" / "out").symlink_to("/etc")

    assert compared(client, entry("srv/out/passwd")) == Compared(changed=1)
