"""A client that gives no listing: its tree comes by SFTP, over the conversation that data comes by."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from appliance.plan.run_plan import RunPlan
from appliance.pull import execute
from appliance.pull.pullfs import words
from appliance.pull.pullfs.client_listing import Listed, NotConnectedError, listed, listed_by_sftp
from appliance.pull.pullfs.conversation import Conversation, LinkLostError
from appliance.record import BY_SFTP
from tests.sftp_server import SftpServer


def listing(server: SftpServer, plan: RunPlan) -> tuple[list[bytes], str, list[tuple[str, object]]]:
    to_server, from_us = os.pipe()
    to_us, from_server = os.pipe()
    thread = threading.Thread(target=server.serve, args=(to_server, from_server), daemon=True)
    thread.start()
    said: list[tuple[str, object]] = []
    try:
        found = listed_by_sftp(
            plan, Conversation(out=to_us, into=from_us), lambda word, note: said.append((word, note))
        )
    finally:
        os.close(from_us)
        thread.join(10)
        os.close(to_us)
    assert not found.lists_xattrs
    return [found.tree.path(node) for node in range(1, len(found.tree) + 1)], found.tool, said


def plan_of(*paths: Path) -> RunPlan:
    return RunPlan(
        run_id="1",
        client="web1",
        operation="create",
        appliance_id="one",
        method="sshfs",
        names="client",
        paths=tuple(map(str, paths)),
        listing="auto",
    )


def test_the_tree_comes_folder_by_folder_and_progress_is_told(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / "tree" / f"{number}" / "deep").mkdir(parents=True)

    paths, tool, said = listing(SftpServer(), plan_of(tmp_path / "tree"))

    assert set(paths) == set(map(os.fsencode, [tmp_path, *tmp_path.parents, *tmp_path.rglob("*")]))
    assert tool == BY_SFTP
    assert said[0][0] == words.LISTING


def test_hundreds_of_links_whose_replies_come_together_are_all_read(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    for number in range(300):
        (tmp_path / "tree" / f"{number}").symlink_to("there")

    paths, _, _ = listing(SftpServer(), plan_of(tmp_path / "tree"))

    assert len([path for path in paths if path.startswith(os.fsencode(tmp_path / "tree") + b"/")]) == 300


def ended(by: str) -> Listed | None:
    """Read the listing of an ssh that does this."""
    process = execute.start(("/bin/sh", "-c", by), {"PATH": "/usr/bin:/bin"}, stdout=execute.PIPE)
    try:
        return listed(plan_of(Path("/srv")), process, lambda *_: None)
    finally:
        assert process.stdout
        process.stdout.close()


def test_a_connection_that_was_turned_away_is_no_client_that_gives_no_listing() -> None:
    with pytest.raises(NotConnectedError):
        ended("exit 255")


@pytest.mark.parametrize("by", ["exit 1", "echo hello", "exec cat /dev/null"])
def test_whoever_runs_something_else_gives_no_listing(by: str) -> None:
    assert ended(by) is None


def test_a_link_that_breaks_meanwhile_is_lost_and_no_shorter_tree(tmp_path: Path) -> None:
    with pytest.raises(LinkLostError):
        listing(SftpServer(dies_after=4), plan_of(tmp_path))
