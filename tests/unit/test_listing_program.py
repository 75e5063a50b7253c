"""The program for the client, run here by each tool, against what lstat says."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance.pull.listing import holes, script
from appliance.pull.listing.read import NotOffered, Reader
from appliance.pull.listing.request import request_for
from appliance.pull.listing.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable

_PIECE = 1 << 16
TOOLS = ("find", "python3", "perl")
ODD = (b"new\nline", b"\xff\xfe", b"*", b"[a]?", b"-delete", b" ", b"a\\b", b"'", b'"$(x)`', b"\x1b[2J", b"n" * 255)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Make a tree of every kind of file that needs no right to make."""
    root = tmp_path / "source"
    (root / "folder" / "deep" / "er").mkdir(parents=True)
    for number, name in enumerate(ODD):
        (root / "folder" / os.fsdecode(name)).write_bytes(b"x" * number)
    (root / os.fsdecode(b"odd folder\n\xff")).mkdir()
    (root / os.fsdecode(b"odd folder\n\xff") / "within").touch()
    os.link(root / "folder" / "*", root / "hard link")
    (root / "link").symlink_to(os.fsdecode(b"../\n//\nend\xff"))
    (root / "dangling").symlink_to("nowhere")
    os.mkfifo(root / "fifo")
    (root / "setuid").touch(mode=0o700)
    (root / "setuid").chmod(0o4711)
    with (root / "sparse").open("wb") as sparse:
        sparse.truncate(1 << 30)
    for moment, time in (("before", -1_250_000_000), ("epoch", -1), ("fine", 1_700_000_000_123_456_789)):
        (root / moment).touch()
        os.utime(root / moment, ns=(time, time))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "socket"))
    return root


@pytest.fixture
def path_with(tmp_path: Path) -> Path:
    """Return a folder for PATH, with what no tool of TOOLS is."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "dd", "cat"):
        add(folder, name)
    return folder


def add(folder: Path, name: str) -> None:
    found = str(Path(sys.executable).resolve()) if name == "python3" else shutil.which(name)
    assert found, f"{name} is needed for this test"
    (folder / name).symlink_to(found)


def listed(
    paths: Iterable[Path], excludes: Iterable[str] = (), *, path: str = os.environ["PATH"]
) -> tuple[Tree, Reader]:
    request = request_for(map(str, paths), excludes)
    said = subprocess.run(
        ("/bin/sh", "-c", script.COMMAND),
        input=script.to_send(request.to_bytes()),
        stdout=subprocess.PIPE,
        env={"PATH": path},
        check=True,
        timeout=60,
    )
    tree = Tree()
    reader = Reader(request, tree)
    reader.feed(said.stdout)
    reader.close()
    return tree, reader


def paths_of(tree: Tree, below: Path) -> set[bytes]:
    start = os.fsencode(below)
    everything = (tree.path(node) for node in range(1, len(tree) + 1))
    return {path for path in everything if path == start or path.startswith(start + b"/")}


def paths_here(below: Path) -> set[bytes]:
    found = {os.fsencode(below)}
    for folder, folders, files in os.walk(os.fsencode(below)):
        found |= {folder + b"/" + name for name in (*folders, *files)}
    return found


def check_all(tree: Tree, below: Path, *, precision_ns: int = 1) -> None:
    assert paths_of(tree, below) == paths_here(below)
    for path in paths_here(below):
        node = tree.find(path)
        assert node is not None
        here = os.lstat(path)
        assert (tree.mode(node), tree.uid(node), tree.gid(node)) == (here.st_mode, here.st_uid, here.st_gid)
        assert (tree.size(node), tree.nlink(node), tree.blocks(node)) == (here.st_size, here.st_nlink, here.st_blocks)
        precision = precision_ns if here.st_mtime_ns > 0 or precision_ns == 1 else 1_000_000_000
        assert abs(tree.mtime_ns(node) - here.st_mtime_ns) < precision
        assert abs(tree.ctime_ns(node) - here.st_ctime_ns) < precision_ns
        assert tree.target(node) == (os.readlink(path) if stat.S_ISLNK(here.st_mode) else b"")  # noqa: PTH115 - bytes


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_lists_what_lstat_says(tool: str, source: Path, path_with: Path) -> None:
    add(path_with, tool)

    tree, reader = listed([source], path=str(path_with))

    assert reader.tool == tool
    check_all(tree, source, precision_ns=1 if reader.exact_times else 1000)
    hard, star = tree.find(os.fsencode(source / "hard link")), tree.find(os.fsencode(source / "folder" / "*"))
    assert hard is not None
    assert star is not None
    assert tree.inode(hard) == tree.inode(star)


@pytest.mark.parametrize("tool", TOOLS)
def test_what_leads_to_the_paths_is_listed_without_its_other_children(tool: str, source: Path, path_with: Path) -> None:
    add(path_with, tool)

    tree, _ = listed([source / "folder" / "deep", source / "fifo"], path=str(path_with))

    above = {os.fsencode(folder) for folder in source.parents}
    mine = {os.fsencode(source / name) for name in ("", "folder", "folder/deep", "folder/deep/er", "fifo")}
    assert {tree.path(node) for node in range(1, len(tree) + 1)} == above | mine


@pytest.mark.parametrize("tool", TOOLS)
def test_plain_excludes_are_not_even_looked_at(tool: str, source: Path, path_with: Path) -> None:
    add(path_with, tool)
    (source / "folder" / "deep*").mkdir()
    (source / "folder" / "deep*" / "kept").touch()

    tree, _ = listed([source], [f"{source}/folder/deep", f"pp:{source}/fifo"], path=str(path_with))

    left_out = {os.fsencode(source / name) for name in ("folder/deep", "folder/deep/er", "fifo")}
    assert paths_of(tree, source) == paths_here(source) - left_out


@pytest.mark.parametrize("tool", TOOLS)
def test_a_path_that_is_not_there_is_left_out(tool: str, source: Path, path_with: Path) -> None:
    add(path_with, tool)

    tree, _ = listed([source / "gone" / "far", source / "fifo"], path=str(path_with))

    assert paths_of(tree, source) == {os.fsencode(source), os.fsencode(source / "fifo")}


@pytest.mark.parametrize("attribute_tool", ["python3", "none"])
def test_extended_attributes_are_listed_where_something_can(attribute_tool: str, source: Path, path_with: Path) -> None:
    add(path_with, "find")
    if attribute_tool != "none":
        add(path_with, attribute_tool)
    odd = source / "folder" / os.fsdecode(b"new\nline")
    os.setxattr(odd, "user.a=b\n", b"\0\xff")
    os.setxattr(source / "folder", "user.empty", b"")

    tree, reader = listed([source], path=str(path_with))

    node, folder = tree.find(os.fsencode(odd)), tree.find(os.fsencode(source / "folder"))
    assert node is not None
    assert folder is not None
    assert reader.attribute_tool == attribute_tool
    if attribute_tool == "none":
        assert not tree.has_xattrs
    else:
        assert tree.xattrs(node) == {b"user.a=b\n": b"\0\xff"}
        assert tree.xattrs(folder) == {b"user.empty": b""}


def test_a_client_without_any_tool_does_not_list(source: Path, path_with: Path) -> None:
    with pytest.raises(NotOffered, match="no program that can list"):
        listed([source], path=str(path_with))


@pytest.mark.parametrize("request_text", [b"all 0 relative\ngo\n", b"all 0 /tmp\n", b"--help\ngo\n", b"one x /\ngo\n"])
def test_a_request_that_is_none_lists_nothing(request_text: bytes) -> None:
    said = subprocess.run(
        ("/bin/sh", "-c", script.COMMAND), input=script.to_send(request_text), stdout=subprocess.PIPE, check=False
    )

    assert said.returncode == 64
    assert said.stdout.count(b"\0") == 2


def forced(original: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
    """Do what sshd does for a key with a command of its own."""
    return subprocess.run(
        ("/bin/sh", "-c", script.FORCED),
        input=given,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "SSH_ORIGINAL_COMMAND": original},
        check=False,
        timeout=60,
    )


@pytest.fixture
def later(path_with: Path) -> str:
    """Return a PATH by which it is five minutes later."""
    for tool in ("find", "readlink", "stat", "id"):
        add(path_with, tool)
    return python_after(path_with, "pass")


def python_after(path_with: Path, first: str) -> str:
    """Have a python3 there by which it is five minutes later, and which does that first."""
    python = path_with / "python3"
    clock = f"import os, time; now = time.time; time.time = lambda: now() + 300\n{first}"
    python.write_text(f'#!/bin/sh\nexec {Path(sys.executable).resolve()} -I -c "{clock}\n$3" "$4"\n')
    python.chmod(0o755)
    return str(path_with)


def holes_told(path: Path, by: str) -> dict[int, holes.Holes]:
    """Ask a client with that PATH for the file's holes, once it is listed."""
    tree, _ = listed([path])
    said = subprocess.run(
        ("/bin/sh", "-c", script.COMMAND),
        input=script.to_send(holes.request([os.fsencode(path), b"/nowhere/at/all", b"/etc"])),
        stdout=subprocess.PIPE,
        env={"PATH": by},
        check=False,
        timeout=60,
    )
    return dict(holes.read_holes(said.stdout, tree, _PIECE))


def test_holes_are_told_of_a_file_that_nobody_has_written_to_for_a_while(source: Path, later: str) -> None:
    image = source / "image 1"
    with image.open("wb") as file:
        file.write(b"x" * 100)
        file.seek(10 * _PIECE)
        file.write(b"x" * (2 * _PIECE))
        file.truncate(100 * _PIECE + 1)

    (told,) = holes_told(image, later).values()

    assert {number for number in range(101) if told.behind(number) > number} == {*range(1, 10), *range(12, 101)}


def test_no_hole_is_told_of_a_file_that_was_written_to_a_moment_ago(source: Path) -> None:
    assert holes_told(source / "sparse", os.environ["PATH"]) == {}


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EIO])
def test_of_a_file_whose_holes_cannot_be_looked_for_none_is_told(number: int, source: Path, later: str) -> None:
    # One error alone says that there is no more data (GlusterFS with shards answers another one to every question).
    fails = (
        "seek = os.lseek\n"
        "def lseek(file, at, how):\n"
        f"    if how == os.SEEK_DATA: raise OSError({number}, 'no')\n"
        "    return seek(file, at, how)\n"
        "os.lseek = lseek"
    )

    assert holes_told(source / "sparse", python_after(Path(later), fails)) == {}


def test_no_hole_reaches_beyond_the_end_of_a_file_that_grows_meanwhile(source: Path, later: str) -> None:
    grown = "os.lseek = lambda file, at, how: 1 << 40"

    (told,) = holes_told(source / "sparse", python_after(Path(later), grown)).values()

    assert told.behind(0) == (1 << 30) // _PIECE


def test_a_file_of_many_holes_is_not_looked_through_for_ever(source: Path, later: str) -> None:
    many = "os.lseek = lambda file, at, how: at + (how == os.SEEK_HOLE)"

    (told,) = holes_told(source / "sparse", python_after(Path(later), many)).values()

    assert told.behind(0) == 0


def test_where_there_is_no_python_no_holes_are_told(source: Path, later: str) -> None:
    assert holes_told(source / "sparse", later)
    (Path(later) / "python3").unlink()

    assert holes_told(source / "sparse", later) == {}


def test_a_key_admits_exactly_this_program(source: Path) -> None:
    asked = request_for([str(source)]).to_bytes()

    assert forced(script.COMMAND, script.to_send(asked)).stdout.endswith(b"done 0\0")


def test_a_key_admits_no_other_program_and_no_other_command(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    evil = f"touch {proof}; exit 0;".encode().ljust(script.LENGTH)

    assert forced(script.COMMAND, evil + b"go\n").returncode == 65
    forced(f"touch {proof}", b"")
    forced(f"touch {proof}; {script.NAME}", b"")
    forced(f"; touch {proof}; echo {script.NAME} more", b"")
    assert not proof.exists()


def test_the_program_changes_only_on_purpose() -> None:
    # Every operator with a key line of the narrow kind has to paste it anew after a change; say so in CHANGELOG.md.
    assert script.SHA256 == "a3641992c732f6cfe5fc731a944d4dfa561bb21353f56274f88d6c9c50ef9908"


def test_the_command_means_the_same_to_every_login_shell() -> None:
    assert "\n" not in script.COMMAND + script.FORCED
    assert not set("!\\") & set(script.COMMAND + script.FORCED)
    assert "'" not in script.FORCED


def test_what_is_needed_is_listed_whatever_is_excluded() -> None:
    request = request_for(["/srv"], ["/etc", "/srv/cache"], needed=["/etc/passwd"])

    assert [(item.path, item.whole) for item in request.items] == [
        (b"/", False),
        (b"/etc", False),
        (b"/etc/passwd", True),
        (b"/srv", True),
    ]
    assert request.prunes == (b"/srv/cache",)
    assert request_for(["/"], ["/etc"], needed=["/etc/passwd"]).prunes == ()
