"""Where fuzzing begins: what honest clients say, by the program that lists them and by SFTP."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from appliance.pull.listing import script
from appliance.pull.listing.columns import DEPTH, WIDTH
from appliance.pull.listing.request import request_for
from tests.fuzz.bounds import PATH

_LINE = b"%s 0 0 5 1 %d 66 8 %s 1700000000 1700000001|2023-11-14 22:13:20.123456789 +0000|x.000000001|%s//\n"
_BUSYBOX = (
    _LINE % (b"41ed", 2, b"0 0", b"/"),
    _LINE % (b"a1ff", 3, b"0 0", b"/l'\n"),
    _LINE % (b"2180", 5, b"103 11170", b"/dev"),
    _LINE % (b"81a4", 6, b"0 0", b"/f"),
)
_TAIL = (
    b"66 9 1 3\nfind: '/srv/tree/gone': No such file or directory\nfind: '/srv/tree/it\\'s': Input/output error\n",
    b"find: /srv/tree: Permission denied\nlist: '/x\\012': Permission denied\nexit: 137\n",
)
_XATTRS = b"# file: /x\nuser.a\\075b=0x00ff\nuser.none\nsystem.posix_acl_access=0x0200000001000600ffffffff\n\n"


def seeds() -> dict[str, list[bytes]]:
    """Return for each target what it begins with."""
    found = {tool: _listing(tool) for tool in ("find", "python3")}
    busybox = b"borgpull listing 1\nbusybox\0none\0" + b"".join(_BUSYBOX) + b"end\0/l'\n\0../\n\0\0\0\0done 0\0"
    return {
        "listing": [
            *(b"\1" + said for said in found.values()),
            *(b"\0" + said for said in (busybox, _of_the_root(found["find"]))),
            b"\1" + _with_long_attributes(found["find"]),
        ],
        "columns": [_whole(found["find"]).partition(b"end\0")[0]],
        "stat-line": [b"".join(_BUSYBOX), b"".join(_BUSYBOX[:1]) + b"\0" + _BUSYBOX[1], b"".join(_BUSYBOX) + b"end\0"],
        "tail": [*_TAIL, b"find: \0'x' ", b"find: \0\\'", b"find: /\0: X"],
        "attributes": [_XATTRS, _XATTRS.replace(b"/x", b"/"), b"# file: /x\nuser.a=0x\0" + b"00", b"# file: /x\n\0a\n"],
        "holes": [b"find\0none\0/x\x00105 0 0\0" + holes + b"\0end\0" for holes in (b"", b"0-50 61-105", b"0-105")],
        "said": [b"pullfs: ready 5 find 1 acls xattrs\n", b"pullfs: listing 12\npullfs: failed no\nWelcome!\n"],
        **_sftp_seeds(),
    }


def _whole(said: bytes) -> bytes:
    """What comes behind the words of the tools."""
    return said.split(b"\0", 2)[2]


def _of_the_root(said: bytes) -> bytes:
    """Make it the listing of a client that was asked for all."""
    tool, by, rest = said.split(b"\0", 2)
    entries, _, end = rest.partition(b"end\0")
    fields = entries.split(b"\0")
    records = [fields[start : start + WIDTH] for start in range(0, len(fields) - 1, WIDTH)]
    below = [[b"0", *record[1:]] for record in records if record[DEPTH] != b"0"]
    return b"\0".join([tool, by, *records[0], *(field for record in below for field in record), b"end", end])


def _with_long_attributes(said: bytes) -> bytes:
    """Give a file more of them than a field may be long, in the piece that ends the entries."""
    entries, _, _ = said.rpartition(b"end\0")
    return entries + b"end\0\0\0# file: /srv/tree/two\nuser.a=0x" + b"00" * 5000 + b"\n\n\0done 0\0"


def _listing(tool: str) -> bytes:
    """Have a real tree listed by a tool of this machine, and tell it as one of PATH, which is as deep."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, tempfile.TemporaryDirectory() as path:
        _fill(Path(folder))
        for name in ("sh", "dd", "cat", "head", "stat", "id", "sha256sum", *({tool} - {"python3"})):
            found = shutil.which(name)
            assert found, f"{name} is needed to make the seeds"
            (Path(path) / name).symlink_to(found)
        (Path(path) / "python3").symlink_to(Path(sys.executable).resolve())
        said = subprocess.run(
            ("/bin/sh", "-c", script.COMMAND),
            input=script.to_send(request_for([folder]).to_bytes()),
            stdout=subprocess.PIPE,
            env={"PATH": path},
            check=True,
            timeout=60,
        ).stdout
    said = said.replace(os.fsencode(folder), os.fsencode(PATH))
    for here, there in zip(folder.split("/")[1:], PATH.split("/")[1:], strict=True):
        said = said.replace(f"\0{here}\0".encode(), f"\0{there}\0".encode())
    return said


def _fill(root: Path) -> None:
    (root / "folder" / "deep").mkdir(parents=True)
    (root / "folder" / "one").write_bytes(b"content")
    (root / "two").hardlink_to(root / "folder" / "one")
    (root / os.fsdecode(b"new\nline\xff")).touch()
    (root / "link").symlink_to("folder/one")
    os.mkfifo(root / "fifo")
    with suppress(OSError):
        os.setxattr(root / "two", "user.a", b"value")


def _text(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


def _attributes(mode: int, size: int = 5) -> bytes:
    return struct.pack(">IQIIIII", 15, size, 1000, 1000, mode, 1_700_000_000, 1_700_000_000)


def _names(*names: tuple[bytes, int]) -> bytes:
    packed = b"".join(_text(name) + _text(b"long") + _attributes(mode) for name, mode in names)
    return b"\x68" + struct.pack(">I", len(names)) + packed


_FOLDER, _FILE, _LINK = 0o40755, 0o100644, 0o120777
_LOOK = b"\x69" + _attributes(_FOLDER)
_OPENED = b"\x66" + _text(b"handle")
_END = b"\x65" + struct.pack(">I", 1) + _text(b"") + _text(b"")
_DONE = b"\x65" + struct.pack(">I", 0) + _text(b"") + _text(b"")
# What PATH needs: three looks, a folder with two names and a portion ahead of it, then what is in it.
_CLIENT = (
    *(_LOOK, _LOOK, _LOOK, _OPENED, _names((b".", _FOLDER), (b"x", _FILE), (b"l", _LINK), (b"d", _FOLDER))),
    *(_END, _OPENED, _names((b"target", 0)), _END, _DONE, _END, _DONE),
)


def _sftp_seeds() -> dict[str, list[bytes]]:
    hello = struct.pack(">IBI", 5 + len(_text(b"a") * 2), 2, 3) + _text(b"a") * 2
    numbered = [packet[:1] + struct.pack(">I", number) + packet[1:] for number, packet in enumerate(_CLIENT, 1)]
    data = [b"\x67" + _text(letter * length) for letter, length in ((b"x", 100), (b"y", 32768), (b"z", 1))]
    look = b"\x69" + _attributes(_FILE, 100)
    room = b"\xc9" + struct.pack(">11Q", 1, 1, 10**9, 5, 5, 10, 10, 10, 0, 0, 255)
    return {
        "reply": [hello[4:], *numbered, room[:1] + bytes(4) + room[1:]],
        "stream": [hello + b"".join(map(_text, numbered))],
        "folders": [b"\1" + _portions(*_CLIENT), b"\0" + _portions(_LOOK, *_CLIENT[3:])],
        "fetching": [
            b"\0\1\2\0" + _portions(_OPENED, data[0], look, _DONE),
            b"\0\1\2\0" + _portions(*[_OPENED] * 3, data[0], look, *[data[1]] * 2, data[2], look, look, *[_DONE] * 3),
        ],
    }


def _portions(*packets: bytes) -> bytes:
    return b"".join(struct.pack(">H", len(packet)) + packet for packet in packets)
