"""The part of the test tree that SFTP can make: what is made, what is called not tried, and that nothing stays."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from appliance.plan.fidelity import Found, Trait
from appliance.pull.failure import Failure
from appliance.pull.fidelity.by_sftp import ByHand
from appliance.pull.fidelity.checks import Evidence
from appliance.pull.fidelity.judging import rows
from appliance.pull.fidelity.specimens import SPECIMENS
from appliance.record import Reason
from tests.sftp_server import SftpServer, talking

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.pull.fidelity.made import Planted

BEYOND_SFTP = {
    *(Trait.OWNER_NAMES, Trait.NANOSECONDS, Trait.CHANGE_TIMES, Trait.HOLES, Trait.ATTRIBUTES, Trait.ACLS),
    *(Trait.FLAGS, Trait.FIFOS, Trait.SOCKETS, Trait.CHARACTER_DEVICES, Trait.BLOCK_DEVICES, Trait.DEVICE_NUMBERS),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return tmp_path / "borgpull-fidelity.tag1.abc"


def planted(tree: Path, server: SftpServer | None = None) -> Planted:
    with talking(server or SftpServer()) as (session, _):
        return ByHand(session, str(tree)).plant("web1")


def test_what_sftp_can_make_is_made_and_the_rest_is_not_tried(tree: Path) -> None:
    made = planted(tree)

    assert made.made | made.why_not.keys() == {one.key for one in SPECIMENS} - {"device-numbers"}
    items = {b"owner": {"uid": os.getuid(), "gid": os.getgid()}}
    found = rows(made, Evidence(root=tree, items=items, values=made.values))
    assert [row for row in found if row.found is Found.LOST] == []
    assert {row.trait for row in found if row.found is Found.NOT_TRIED} == BEYOND_SFTP
    # The test's server writes owners down and gives none.
    assert made.why_not["owner-stranger"] == "the client says yes and does not do it"


def test_a_server_without_extensions_makes_neither_hard_links_nor_times_of_links(tree: Path) -> None:
    made = planted(tree, SftpServer(extensions=(), gives_owners=False))

    assert {"hard-link", "time-link", "owner-stranger"}.isdisjoint(made.made)
    assert made.why_not["hard-link"] == "no hard links over this SFTP server"
    assert made.why_not["owner-stranger"] == "permission denied"


def test_a_server_that_takes_a_links_path_first_makes_no_link_outside(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where the server works, which is where a relative path leads.
    monkeypatch.chdir(tree.parent)

    made = planted(tree, SftpServer(links_by_the_draft=True))

    assert {"link-absolute", "link-up", "link-dangling", "time-link"} <= made.made
    assert [one.name for one in tree.parent.iterdir()] == [tree.name]
    assert os.readlink(tree / "link-absolute") == "/etc/passwd"  # noqa: PTH115 - its very text


def test_no_request_follows_a_link(tree: Path) -> None:
    server = SftpServer()

    planted(tree, server)

    assert server.followed == []


def test_it_goes_again_whole_and_that_is_looked_at(tree: Path) -> None:
    with talking(SftpServer()) as (session, _):
        hands = ByHand(session, str(tree))
        hands.plant("web1")

        assert hands.uproot()

    assert list(tree.parent.iterdir()) == []


def test_old_trees_of_this_client_go_and_nothing_of_others_does(tree: Path) -> None:
    outside = tree.parent / "outside"
    for place in (
        outside,
        tree.parent / "borgpull-fidelity.tag1.old" / "names",
        tree.parent / "borgpull-fidelity.tag2.x",
    ):
        place.mkdir(parents=True)
    (outside / "file").write_text("mine")
    (tree.parent / "borgpull-fidelity.tag1.old" / "link").symlink_to(outside)
    (tree.parent / "borgpull-fidelity.tag1.link").symlink_to(outside)

    with talking(SftpServer()) as (session, _):
        hands = ByHand(session, str(tree))
        hands.plant("web1")
        hands.sweep(str(tree.parent), "borgpull-fidelity.tag1.")

    assert sorted(one.name for one in tree.parent.iterdir()) == [
        "borgpull-fidelity.tag1.abc",
        "borgpull-fidelity.tag1.link",
        "borgpull-fidelity.tag2.x",
        "outside",
    ]
    assert (outside / "file").read_text() == "mine"


def test_where_the_folder_cannot_be_made_it_says_what_lets_it(tree: Path) -> None:
    tree.mkdir()

    with pytest.raises(Failure, match="cannot be made with it") as refused:
        planted(tree)

    assert refused.value.reason is Reason.TARGET
