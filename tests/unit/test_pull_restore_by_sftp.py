"""What a restore by SFTP brings back: content, owners without following links, modes, times; and what it cannot."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from appliance.pull import link
from appliance.pull.failure import Failure
from appliance.pull.restores.members import Owners, owners_by_name
from appliance.pull.sftp import packets
from appliance.pull.sftp.session import HungUp
from appliance.record import Reason
from tests.restored import LONG_AGO, folder, hard_link, made, restoring, symlink
from tests.sftp_server import OPENSSH, SftpServer, talking

if TYPE_CHECKING:
    from pathlib import Path

ROOT = (0, 0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir(mode=0o700)
    return tmp_path / "target"


def test_a_tree_comes_back_with_content_owners_modes_and_times(root: Path) -> None:
    server = SftpServer()
    large = bytes(range(256)) * 6000

    with restoring(root, server) as bench:
        report = bench.put(
            folder("etc", 0o755),
            folder("etc/private", 0o710),
            made("etc/private/key", content=b"secret", mode=0o400),
            made("etc/large", content=large, mode=0o4755),
            made("etc/empty"),
        )

    assert report.warnings() == ()
    assert (report.files, report.size) == (5, len(large) + 6)
    assert (root / "etc/private/key").read_bytes() == b"secret"
    assert (root / "etc/large").read_bytes() == large
    modes = {str(path.relative_to(root)): path.stat().st_mode & 0o7777 for path in root.rglob("*")}
    assert modes == {
        "etc": 0o755,
        "etc/private": 0o710,
        "etc/private/key": 0o400,
        "etc/large": 0o4755,
        "etc/empty": 0o640,
    }
    assert {int(path.stat().st_mtime) for path in root.rglob("*")} == {LONG_AGO}
    assert set(server.owners.values()) == {(1234, 2345)}
    assert len(server.owners) == 5


def test_names_that_no_encoding_explains_come_back_byte_for_byte(root: Path) -> None:
    with restoring(root, SftpServer()) as bench:
        bench.put(made("latin1-\udce9\udcff"), made("new\nline"), symlink("odd", "to-\udcff"))

    assert {bytes(path.relative_to(root)) for path in root.iterdir()} == {b"latin1-\xe9\xff", b"new\nline", b"odd"}
    assert bytes((root / "odd").readlink()) == b"to-\xff"


def test_a_link_has_an_owner_and_a_time_of_its_own_and_what_it_points_to_keeps_its(root: Path, tmp_path: Path) -> None:
    server = SftpServer()
    outside = tmp_path / "shadow"
    outside.write_text("secret")
    before = outside.stat()

    with restoring(root, server) as bench:
        report = bench.put(symlink("link", str(outside)), symlink("dangling", "nowhere"))

    assert report.warnings() == ()
    assert (root / "link").readlink() == outside
    assert int((root / "link").lstat().st_mtime) == LONG_AGO
    assert outside.stat() == before
    assert server.followed == []
    assert server.owners == {str(root / "link"): (1234, 2345), str(root / "dangling"): (1234, 2345)}


def test_where_a_server_can_only_follow_links_their_owners_are_left_alone_and_counted(root: Path) -> None:
    server = SftpServer(extensions=tuple(name for name in OPENSSH if not name.startswith("lsetstat")))

    with restoring(root, server) as bench:
        report = bench.put(symlink("one", "/etc/shadow"), symlink("two", "/etc/shadow"))

    assert server.followed == []
    assert server.owners == {}
    assert report.warning_count == 2
    assert report.warnings() == ("owner and time of symbolic links could not be set there: one, two",)


def test_a_server_that_takes_a_links_path_first_is_found_out_before_a_link_is_made(root: Path, tmp_path: Path) -> None:
    with restoring(root, SftpServer(links_by_the_draft=True)) as bench:
        report = bench.put(symlink("link", str(tmp_path / "planted")))

    assert report.missing == 0
    assert (root / "link").readlink() == tmp_path / "planted"
    assert [path.name for path in root.iterdir()] == ["link"]
    assert not (tmp_path / "planted").is_symlink()


def test_hard_links_are_names_of_one_file_again(root: Path) -> None:
    with restoring(root, SftpServer()) as bench:
        report = bench.put(folder("a"), made("a/one", content=b"x"), hard_link("2", "a/one"), hard_link("3", "2"))

    assert report.warnings() == ()
    assert len({(root / name).stat().st_ino for name in ("a/one", "2", "3")}) == 1


def test_without_old_extensions_of_openssh_files_come_back_all_the_same(root: Path) -> None:
    with restoring(root, SftpServer(extensions=())) as bench:
        report = bench.put(made("file", content=b"x"), made("file", content=b"newer"), hard_link("link", "file"))

    assert (root / "file").read_bytes() == b"newer"
    assert report.missing == 1
    assert not (root / "link").exists()


def test_who_may_not_give_files_away_is_told_how_many_and_nothing_is_setuid_for_the_wrong_user(root: Path) -> None:
    with restoring(root, SftpServer(gives_owners=False)) as bench:
        report = bench.put(folder("bin"), made("bin/su", mode=0o6755), symlink("bin/link", "su"))

    assert (root / "bin/su").stat().st_mode & 0o7777 == 0o755
    assert report.owners.count == 3
    assert "the client refused the owner of" in report.warnings()[0]


def test_what_sftp_cannot_make_is_named(root: Path) -> None:
    with restoring(root, SftpServer()) as bench:
        report = bench.put(made("pipe", tarfile.FIFOTYPE), made("null", tarfile.CHRTYPE))

    assert report.warnings() == ("SFTP cannot make fifos and devices, not restored: pipe, null",)
    assert list(root.iterdir()) == []


def test_folders_on_the_way_get_what_they_had_where_they_are_made_and_keep_what_they_have_where_they_stand(
    root: Path,
) -> None:
    (root / "home").mkdir(mode=0o711)

    with restoring(root, SftpServer(), looks=True, on_the_way=frozenset({(b"home",), (b"home", b"bob")})) as bench:
        bench.put(folder("home", 0o700), folder("home/bob", 0o700), made("home/bob/file"))

    assert (root / "home").stat().st_mode & 0o7777 == 0o711
    assert (root / "home/bob").stat().st_mode & 0o7777 == 0o700
    assert int((root / "home/bob").stat().st_mtime) == LONG_AGO


def test_a_restore_that_goes_on_sends_only_what_is_not_there_whole(root: Path) -> None:
    with restoring(root, SftpServer()) as bench:
        bench.put(folder("a"), made("a/one", content=b"one"), made("a/two", content=b"two"))
    (root / "a/two").write_bytes(b"half")
    (root / "a/.borgpull-earlier-12").write_bytes(b"ha")
    kept = (root / "a/one").stat().st_ino

    with restoring(root, SftpServer(), resumes=True) as bench:
        report = bench.put(
            folder("a"), made("a/one", content=b"one"), made("a/two", content=b"two"), hard_link("a/three", "a/one")
        )

    assert report.warnings() == ()
    assert (root / "a/one").stat().st_ino == kept
    assert (root / "a/three").stat().st_ino == kept
    assert (root / "a/two").read_bytes() == b"two"
    assert sorted(path.name for path in (root / "a").iterdir()) == ["one", "three", "two"]


def test_a_write_that_fails_leaves_nothing_and_makes_the_room_doubtful(root: Path) -> None:
    with restoring(root, SftpServer(room=100)) as bench:
        report = bench.put(made("fits", content=b"x" * 50), made("not", content=b"x" * 80))

    assert report.is_room_doubtful
    assert report.warnings() == ("not: not restored: the client refuses it",)
    assert [path.name for path in root.iterdir()] == ["fits"]


def test_what_lies_aside_is_removed_when_a_restore_ends_in_the_middle(root: Path) -> None:
    with restoring(root, SftpServer()) as bench:
        bench.session.ask(packets.make_file(bench.filing.name_aside(bench.folders.enter(()))))
        assert len(list(root.iterdir())) == 1

        bench.filing.clear_up()

    assert list(root.iterdir()) == []


def test_what_stands_there_stays_when_a_restore_ends_before_the_new_one_is_whole(root: Path) -> None:
    (root / "mine").write_text("old")
    # It cannot rename over what is there, so the old one has to go first.
    with restoring(root, SftpServer(extensions=()), looks=True) as bench:
        member, content = made("mine", content=b"new")
        bench.filing.put(member, bench.folders.enter(()), bytes(root / "mine"), content or io.BytesIO())

        bench.filing.clear_up()

    assert [(path.name, path.read_text()) for path in root.iterdir()] == [("mine", "old")]


def test_a_server_that_goes_away_is_noticed(root: Path) -> None:
    with restoring(root, SftpServer(dies_after=4)) as bench, pytest.raises(HungUp):
        bench.put(made("one"), made("two"))


def test_a_stop_is_heard_while_a_client_is_waited_for() -> None:
    with talking(SftpServer()) as (session, root_half):
        root_half.say(link.STOP, Reason.STOPPED)

        with pytest.raises(Failure) as stopped:
            session.ask(packets.look_at(b"/"))

    assert stopped.value.reason is Reason.STOPPED


def test_names_get_the_clients_own_numbers_and_strangers_keep_those_of_the_archive() -> None:
    owners = owners_by_name("alice:x:4001:4001::/:\nalice:x:9:9::/:\n", "family:x:4500:\n")

    assert owners.of(made("a")[0]).owner == (4001, 4500)
    assert owners.of(made("b", names=("bob", ""), owner=(7, 8))[0]).owner == (7, 8)
    assert owners.strangers == {"bob"}
    assert Owners().of(made("c")[0]).owner == (1234, 2345)


def test_many_files_under_way_hold_no_more_memory_than_one_may(root: Path) -> None:
    with restoring(root, SftpServer()) as bench:
        held = []
        for number in range(40):
            bench.placing.put(*made(f"file-{number}", content=b"x" * 100_000))
            held.append(bench.filing._held)
        bench.put()

    assert max(held) <= 1 << 20
    assert len(list(root.iterdir())) == 40
