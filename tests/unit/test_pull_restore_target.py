"""The folder that a restore goes into: new or empty, private while it is filled, and where nobody can swap it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from appliance.plan import places
from appliance.pull.failure import Failure
from appliance.pull.login import Stop, _refused
from appliance.pull.restores.target import Target, give_back, insist_room, prepare
from appliance.record import Reason, RestoreOrder, Way
from tests.sftp_server import SftpServer, talking

if TYPE_CHECKING:
    from pathlib import Path

ME = os.getuid()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder above which only root and this user can write: the temporary folders of tests are sticky or ours."""
    return tmp_path


def order(target: Path, *, in_place: bool = False, resume: bool = False, preview: bool = False) -> RestoreOrder:
    return RestoreOrder(
        archive="web1-1", way=Way.NUMERIC, target=str(target), in_place=in_place, resume=resume, preview=preview
    )


def prepared(wanted: RestoreOrder, server: SftpServer | None = None) -> Target:
    with talking(server or SftpServer()) as (session, _):
        return prepare(session, wanted, "web1", ME)


def refused(wanted: RestoreOrder) -> Failure:
    with pytest.raises(Failure) as refusal:
        prepared(wanted)
    assert refusal.value.reason is Reason.TARGET
    return refusal.value


def test_a_new_folder_is_made_for_the_login_alone(home: Path) -> None:
    target = prepared(order(home / "new"))

    assert target == Target(path=bytes(home / "new"), made=True)
    assert (home / "new").stat().st_mode & 0o777 == 0o700


def test_an_empty_folder_is_closed_meanwhile_and_opened_again(home: Path) -> None:
    (home / "empty").mkdir(mode=0o755)

    with talking(SftpServer()) as (session, _):
        target = prepare(session, order(home / "empty"), "web1", ME)
        assert (home / "empty").stat().st_mode & 0o777 == 0o700
        give_back(session, target)

    assert (home / "empty").stat().st_mode & 0o777 == 0o755


def test_a_folder_made_for_a_restore_that_brought_nothing_is_gone_and_a_full_one_stays(
    home: Path,
) -> None:
    with talking(SftpServer()) as (session, _):
        for name in ("nothing", "something"):
            target = prepare(session, order(home / name), "web1", ME)
            if name == "something":
                (home / name / "file").touch()
            give_back(session, target)

    assert [path.name for path in home.iterdir()] == ["something"]


def test_a_folder_that_holds_something_is_refused_but_to_go_on_with_it(home: Path) -> None:
    (home / "full").mkdir(mode=0o700)
    (home / "full/file").touch()

    assert "--in-place" in refused(order(home / "full")).message
    assert prepared(order(home / "full", resume=True)) == Target(path=bytes(home / "full"))


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_is_no_folder_is_refused(home: Path, kind: str) -> None:
    (home / "there").mkdir()
    if kind == "link":
        (home / "target").symlink_to("there")
    else:
        (home / "target").touch()

    assert "it is no folder" in refused(order(home / "target")).message


def test_where_somebody_else_could_swap_the_folder_nothing_is_restored(home: Path) -> None:
    (home / "open").mkdir()
    (home / "open").chmod(0o777)

    assert "Others than root can write" in refused(order(home / "open/new")).message
    assert list((home / "open").iterdir()) == []
    (home / "open").chmod(0o1777)
    assert prepared(order(home / "open/new")).made


def test_a_way_through_a_link_ends_where_the_link_leads(home: Path) -> None:
    (home / "real").mkdir(mode=0o755)
    (home / "link").symlink_to("real")

    assert prepared(order(home / "link/new")).path == bytes(home / "real/new")


def test_a_parent_that_is_not_there_is_a_sentence(home: Path) -> None:
    assert "is not there on web1" in refused(order(home / "none/new")).message


def test_in_place_changes_nothing_of_the_folder_that_is_there(home: Path) -> None:
    home.chmod(0o755)

    assert prepared(order(home, in_place=True)) == Target(path=bytes(home))
    assert home.stat().st_mode & 0o777 == 0o755


def test_a_look_makes_nothing(home: Path) -> None:
    prepared(order(home / "new", preview=True))

    assert list(home.iterdir()) == []


def test_a_full_disk_is_a_sentence_and_one_with_room_is_none(home: Path) -> None:
    with talking(SftpServer(room=1000)) as (session, _), pytest.raises(Failure) as full:
        insist_room(session, Target(path=bytes(home)), "web1")
    with talking(SftpServer()) as (session, _):
        insist_room(session, Target(path=bytes(home)), "web1")

    assert full.value.reason is Reason.TARGET
    assert "is full" in full.value.message


def test_a_shut_restore_key_is_explained_in_one_sentence() -> None:
    stop = Stop(
        client="web1", hop=0, host="web1.lan", port=22, user="root", patience_seconds=10, key=str(places.RESTORE_KEY)
    )

    failure = _refused(stop)

    assert failure.reason is Reason.RESTORE_KEY
    assert "`borgpull client setup web1 --restore`" in failure.message
