"""Way tar in values: what is sent to the client's tar, what its end means, and what its shell said of the folder."""

from __future__ import annotations

import io
import tarfile
from typing import IO, TYPE_CHECKING, Any, cast

import pytest

from appliance.plan.run_plan import RunPlan
from appliance.pull.execute import Finished
from appliance.pull.failure import Failure
from appliance.pull.restores.by_tar import without_zeros
from appliance.pull.restores.members import Kind, Member, safe_parts
from appliance.pull.restores.report import Report
from appliance.pull.restores.sending import Sending, Standing
from appliance.pull.restores.tar_pipe import broken, raise_unless_it_went_on
from appliance.pull.restores.there import Ground, prepare, standing
from appliance.pull.voice import Voice
from appliance.record import Reason, RestoreOrder, Way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.pull.contact import Contact
    from appliance.pull.control import Control
    from appliance.pull.restores.export import Export
    from appliance.pull.restores.tar_pipe import TarPipe

NOTHING = Standing()
GNU = Ground(root="/srv/back", tar="tar (GNU tar) 1.35")
BUSYBOX = Ground(root="/srv/back", tar="tar (busybox) 1.37.0")


def plan() -> RunPlan:
    return RunPlan(
        run_id="r1", client="web1", operation="restore", appliance_id="a1", method="socat", names="client",
        host="web1.lan", user="root",
    )  # fmt: skip


def member(path: str, kind: Kind = Kind.FILE, *, target: str = "", size: int = 0, mode: int = 0o640) -> Member:
    return Member(
        path=path, parts=safe_parts(path), kind=kind, mode=mode, owner=(1000, 1500), names=("alice", "family"),
        size=size, mtime=1118102400, target=target,
    )  # fmt: skip


class Exported:
    """An export of exactly these members."""

    def __init__(self, *members: tuple[Member, bytes]) -> None:
        self._members = members

    def members(self) -> Iterator[tuple[Member, IO[bytes]]]:
        for one, content in self._members:
            yield one, io.BytesIO(content)


def sent(
    *members: Member | tuple[Member, bytes], standing: Standing = NOTHING, names: bool = True, gnu: bool = True
) -> tuple[list[tarfile.TarInfo], Sending]:
    sending = Sending(
        voice=Voice(), report=Report(), keeps_names=names, takes_root=False, is_gnu=gnu, standing=standing
    )
    found = []
    given = [one if isinstance(one, tuple) else (one, b"") for one in members]
    for send in (
        lambda pipe: sending.send_members(cast("Export", Exported(*given)), pipe),
        sending.send_folders,
    ):
        pipe = io.BytesIO()
        send(cast("TarPipe", cast("Any", pipe)))
        with tarfile.open(fileobj=io.BytesIO(pipe.getvalue())) as read:
            found.extend(read.getmembers())
    return found, sending


class Shell:
    """A client's shell that writes down what it was to do, or is gone."""

    def __init__(self, *, is_gone: bool = False, code: int = 0) -> None:
        self.scripts: list[str] = []
        self._is_gone, self._code = is_gone, code

    def control(self) -> Shell:
        return self

    def run(self, script: str, *, timeout_seconds: float) -> Finished:
        assert timeout_seconds
        if self._is_gone:
            raise Failure(Reason.CONNECTION_LOST, "gone")
        self.scripts.append(script)
        return Finished(code=self._code, stdout="", stderr="")


@pytest.mark.parametrize("how", ["new folder", "in place", "gone", "read-only"])
def test_zeros_in_place_of_content_go_or_are_named_when_a_restore_ends_in_the_middle(how: str) -> None:
    shell = Shell(is_gone=how == "gone", code=how == "read-only")
    ended = Failure(Reason.STOPPED, "stopped", warnings=("one",), count=1)

    failure = without_zeros(ended, cast("Contact", shell), GNU, ["./a b"], in_place=how == "in place")

    assert failure.reason is Reason.STOPPED
    if how == "new folder":
        assert shell.scripts == ["cd /srv/back && rm -f './a b'\n"]
        assert failure.warnings == ("one",)
    else:
        assert len(shell.scripts) == (how == "read-only")
        assert (failure.warnings[1:], failure.count) == (("a b: zeros may stand where its content was",), 2)


def test_a_folder_comes_closed_and_is_as_it_was_when_all_is_in_it() -> None:
    found, _ = sent(member("a", Kind.FOLDER, mode=0o755), (member("a/b", size=2), b"hi"))

    assert [(one.name, one.mode, one.uname) for one in found] == [
        ("./a", 0o700, ""), ("./a/b", 0o640, "alice"), ("./a", 0o755, "alice"),
    ]  # fmt: skip


def test_a_whole_restore_sends_no_names() -> None:
    found, _ = sent(member("a"), names=False)

    assert [(one.uid, one.gid, one.uname, one.gname) for one in found] == [(1000, 1500, "", "")]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ((member("../out"),), "its path leads out of the archive"),
        ((member("a", Kind.SYMLINK, target="/etc"), member("a/b")), "a link of the archive stands at a"),
        ((member("a", Kind.SYMLINK, target="/etc"), member("a", Kind.FOLDER)), "a link of the archive stands at a"),
        ((member("a", Kind.HARD_LINK, target="etc/shadow"),), "a hard link to something that this restore did not"),
        ((member("a", Kind.HARD_LINK, target="../etc/shadow"),), "a hard link to something that this restore did not"),
    ],
)
def test_what_could_lead_outside_is_not_sent_and_named(
    members: tuple[Member, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, sending = sent(*members)

    assert [one.name for one in found] == [f"./{one.path}" for one in members[:-1]]
    assert why in sending.report.warnings()[-1]
    capsys.readouterr()


def test_in_place_nothing_goes_through_a_link_and_folders_stay_open_until_their_turn() -> None:
    there = Standing(folders=frozenset({"a"}), links=frozenset({"b"}))
    found, sending = sent(member("a", Kind.FOLDER, mode=0o711), member("b", Kind.FOLDER), member("b/c"), standing=there)

    assert [(one.name, one.mode) for one in found] == [("./a", 0o711)]
    assert sending.report.missing == 2


def test_in_place_nothing_goes_into_a_folder_that_nobody_could_look_at() -> None:
    found, sending = sent(member("a\udce9", Kind.FOLDER), member("b\udce9"), standing=Standing(is_looked_at=True))

    assert [one.name for one in found] == ["./b\udce9"]
    assert "is not UTF-8" in sending.report.warnings()[0]


def test_a_hard_link_to_what_was_sent_is_one() -> None:
    found, _ = sent((member("a", size=1), b"x"), member("b", Kind.HARD_LINK, target="a"))

    assert [(one.name, one.linkname) for one in found] == [("./a", ""), ("./b", "./a")]


def test_content_that_ends_too_early_is_filled_up_and_remembered() -> None:
    found, sending = sent((member("a", size=1000), b"short"), (member("b", size=1), b"x"))

    assert [one.size for one in found] == [1000, 1]
    assert sending.cut == ["./a"]


def test_what_was_cut_and_came_whole_the_next_time_is_cut_no_more() -> None:
    _, sending = sent((member("a", size=4), b"ab"), (member("a", size=4), b"abcd"))

    assert sending.cut == []


def test_busybox_gives_links_no_owner_and_that_is_said() -> None:
    _, sending = sent(member("a", Kind.SYMLINK, target="b"), gnu=False)

    assert "owner and time of symbolic links could not be set there: a" in sending.report.warnings()


# ---- how tar ended ----


@pytest.mark.parametrize(
    ("ground", "code", "said", "reason"),
    [
        (GNU, 2, "tar: a: Cannot write: No space left on device\n", Reason.TARGET),
        (GNU, 2, "tar: Error is not recoverable: exiting now\n", Reason.TARGET),
        (GNU, 2, "", Reason.TARGET),
        (BUSYBOX, 1, "tar: can't open 'a'\n", Reason.TARGET),
        (GNU, 127, "sh: tar: not found\n", Reason.CLIENT_TOOLS),
        (GNU, 255, "Connection reset by peer\n", Reason.CONNECTION_LOST),
        (GNU, -15, "", Reason.CONNECTION_LOST),
        (GNU, 255, "root@web1: Permission denied (publickey).\n", Reason.RESTORE_KEY),
    ],
)
def test_a_tar_that_gave_up_fails_the_restore(ground: Ground, code: int, said: str, reason: Reason) -> None:
    with pytest.raises(Failure) as failed:
        raise_unless_it_went_on(plan(), ground, code, said)

    assert failed.value.reason is reason
    assert broken(plan(), ground, code, said).reason is reason


def test_gnu_tar_goes_on_where_one_thing_fails() -> None:
    raise_unless_it_went_on(plan(), GNU, 2, "tar: a: Cannot mknod: Operation not permitted\n")


# ---- the folder ----


class Answering:
    """A control connection whose client answers this to any script."""

    def __init__(self, said: str) -> None:
        self.said = said
        self.scripts: list[str] = []

    def run(self, script: str, **_: Any) -> Finished:
        self.scripts.append(script)
        return Finished(code=0, stdout=self.said, stderr="")


def order(**more: Any) -> RestoreOrder:
    return RestoreOrder(archive="web1-1", way=Way.TAR, **({"target": "/srv/b ack"} | more))


def ground(said: str, **more: Any) -> Ground:
    return prepare(cast("Control", Answering(said)), plan(), order(**more))


def test_what_the_folder_was_is_remembered() -> None:
    said = "borgpull:uid=0\nborgpull:tar=tar (GNU tar) 1.35\nborgpull:root=/srv/b ack\nborgpull:mode=drwxr-s--T.\n"

    found = ground(f"{said}borgpull:done=yes\n")

    assert (found.root, found.mode, found.is_root, found.is_gnu, found.made) == (
        "/srv/b ack",
        "3750",
        True,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("filled=/srv/back", "is not empty"),
        ("unsafe=/home/bob", "Others than root can write in /home/bob"),
        ("link=/srv/back", "is a link"),
        ("missing=/nowhere", "/nowhere is not there"),
        ("no-folder=/srv/back", "is no folder"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused(said: str, sentence: str) -> None:
    with pytest.raises(Failure, match=sentence) as failed:
        ground(f"borgpull:{said}\nborgpull:done=yes\n")

    assert failed.value.reason is Reason.TARGET


def test_a_key_that_may_run_nothing_is_said_so() -> None:
    with pytest.raises(Failure, match="may run no command") as failed:
        ground("This service allows sftp connections only.\n")

    assert failed.value.reason is Reason.RESTORE_KEY


def test_what_stands_there_is_asked_with_every_name_quoted() -> None:
    client = Answering("borgpull:1=l\nborgpull:done=yes\n")

    found = list(standing(cast("Control", client), plan(), GNU, ["a", "it's; rm -rf /\n"]))

    assert found == [("it's; rm -rf /\n", "link")]
    assert "l 1 './it'\"'\"'s; rm -rf /\n'" in client.scripts[0]


def test_half_an_answer_is_none() -> None:
    with pytest.raises(Failure, match="did not say"):
        list(standing(cast("Control", Answering("borgpull:0=d\n")), plan(), GNU, ["a", "b"]))
