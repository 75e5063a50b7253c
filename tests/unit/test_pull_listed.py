"""The controller waits for the listing, and says why where none comes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from appliance.plan.run_plan import ACLS, TRUE_INODES
from appliance.pull import link
from appliance.pull.ends import Ends
from appliance.pull.failure import Failure
from appliance.pull.methods.listed import Listing, await_listing
from appliance.pull.pullfs import words
from appliance.pull.voice import Voice
from appliance.record import BY_SFTP, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Container:
    """Both halves and the file system's standard error."""

    ends: Ends
    root: link.Link
    says: int


@pytest.fixture
def container() -> Iterator[Container]:
    ours, theirs = link.pair()
    heard, says = os.pipe()
    ends = Ends(control=link.Link(theirs), stdout=-1, stderr=-1, sshfs=heard)
    with ours, theirs:
        yield Container(ends=ends, root=link.Link(ours), says=says)
    os.close(heard)
    os.close(says)


def waited(container: Container, *lines: str) -> Listing:
    os.write(container.says, "".join(lines).encode())
    return await_listing(container.ends, Voice())


def test_a_listing_says_by_what_it_came_and_what_it_lacks(container: Container) -> None:
    ready = words.ready(1234, "find", (TRUE_INODES, ACLS))

    listing = waited(container, words.line(words.LISTING, 100), words.line(words.READY, ready))

    facts = ("1234 files listed by find, without xattrs and ACLs",)
    assert listing == Listing(facts=facts, shown=frozenset((TRUE_INODES, ACLS)), by="find")


def test_what_sftp_alone_has_listed_has_no_true_inodes(container: Container) -> None:
    listing = waited(container, words.line(words.READY, words.ready(12, BY_SFTP, ())))

    assert (listing.by, listing.shown) == (BY_SFTP, frozenset())


def test_a_listing_that_broke_off_is_a_lost_connection_with_what_ssh_said(container: Container) -> None:
    with pytest.raises(Failure, match=r"broke off \(ssh says: Connection reset\)") as caught:
        waited(container, "Connection reset\n", words.line(words.FAILED, "the listing broke off"))
    assert caught.value.reason is Reason.CONNECTION_LOST


@pytest.mark.parametrize("forged", ["ready", "ready 12", "ready many find 1", "listing x", "listing " + "9" * 4000])
def test_a_word_of_ours_that_the_client_says_wrongly_is_not_taken_for_ours(container: Container, forged: str) -> None:
    listing = waited(container, f"pullfs: {forged}\n", words.line(words.READY, words.ready(12, "find", ())))

    assert listing.facts == ("12 files listed by find, without xattrs and ACLs",)


def test_what_ssh_says_is_never_taken_for_a_word_of_ours(container: Container) -> None:
    forged = words.line(words.READY, words.ready(9, "find", (TRUE_INODES,))).rstrip()
    true = words.line(words.FAILED, "the listing broke off")

    with pytest.raises(Failure, match=r"broke off \(ssh says: pullfs: ready 9 find 0 true-inodes\)") as caught:
        waited(container, words.line(words.SSH, forged), true)
    assert caught.value.reason is Reason.CONNECTION_LOST


def test_a_failure_brings_its_own_reason(container: Container) -> None:
    with pytest.raises(Failure, match="no listing") as caught:
        waited(container, words.line(words.FAILED, f"{Reason.CLIENT_TOOLS}: this key gives no listing"))
    assert caught.value.reason is Reason.CLIENT_TOOLS


def test_a_process_that_died_without_a_word_is_a_lost_connection(container: Container) -> None:
    container.root.say(link.LOST)
    with pytest.raises(Failure, match="has ended") as caught:
        await_listing(container.ends, Voice())
    assert caught.value.reason is Reason.CONNECTION_LOST


def test_a_stop_ends_the_wait(container: Container) -> None:
    container.root.say(link.STOP, Reason.STOPPED)
    with pytest.raises(Failure) as caught:
        await_listing(container.ends, Voice())
    assert caught.value.reason is Reason.STOPPED
