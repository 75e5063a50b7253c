"""An SFTP server that lies, on standard input and output: `lying_sftp.py folder` or `lying_sftp.py file`.

`folder`: /evil never comes to its end, each name a new one. `file`: /evil/file says that it has an exabyte, and it has.
"""

from __future__ import annotations

import struct
import sys

FOLDER, FILE = 0o040755, 0o100644
STATUS_OK, STATUS_END, STATUS_NONE, STATUS_NO = 0, 1, 2, 8
INIT, OPEN, CLOSE, READ, LSTAT, FSTAT, OPENDIR, READDIR, REALPATH, STAT = 1, 3, 4, 5, 7, 8, 11, 12, 16, 17


def text(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def attributes(mode: int, size: int) -> bytes:
    return struct.pack(">IQIIIII", 15, size, 0, 0, mode, 1_700_000_000, 1_700_000_000)


class Liar:
    def __init__(self, lie: str) -> None:
        self.lie, self.names = lie, 0
        self.size = 1 << 60 if lie == "file" else 0
        self.listed: set[bytes] = set()

    def answer(self, packet: bytes) -> bytes:
        return struct.pack(">BI", 2, 3) if packet[0] == INIT else self.reply(packet)

    def reply(self, packet: bytes) -> bytes:
        number, rest = packet[1:5], packet[5:]
        first = rest[4 : 4 + struct.unpack(">I", rest[:4])[0]] if len(rest) >= 4 else b""
        if packet[0] in (STAT, LSTAT, FSTAT):
            found = self.look(first)
            return b"\x69" + number + found if found else self.status(number, STATUS_NONE)
        if packet[0] in (OPEN, OPENDIR):
            self.listed.discard(first)
            return b"\x66" + number + text(first)
        if packet[0] == READ:
            wanted = struct.unpack(">I", rest[-4:])[0]
            return b"\x67" + number + text(b"\0" * min(wanted, 32768))
        if packet[0] == READDIR:
            return self.list(number, first)
        if packet[0] == REALPATH:
            return b"\x68" + number + struct.pack(">I", 1) + text(first or b"/") + text(b"") + attributes(FOLDER, 0)
        return self.status(number, STATUS_OK if packet[0] == CLOSE else STATUS_NO)

    def look(self, path: bytes) -> bytes | None:
        if path in (b"/", b"", b"/evil"):
            return attributes(FOLDER, 4096)
        if path.startswith(b"/evil/"):
            return attributes(FILE, self.size)
        return None

    def list(self, number: bytes, folder: bytes) -> bytes:
        if folder != b"/evil" or self.lie == "file":
            if folder in self.listed:
                return self.status(number, STATUS_END)
            self.listed.add(folder)
            names = [b"file"] if folder == b"/evil" else [b"evil"]
        else:
            names = [b"%030d" % (self.names + one) for one in range(100)]
            self.names += len(names)
        kind = FOLDER if names == [b"evil"] else FILE
        entries = b"".join(text(name) + text(name) + attributes(kind, self.size) for name in names)
        return b"\x68" + number + struct.pack(">I", len(names)) + entries

    def status(self, number: bytes, code: int) -> bytes:
        return b"\x65" + number + struct.pack(">I", code) + text(b"") + text(b"")


def main() -> None:
    liar = Liar(sys.argv[1])
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    while len(head := requests.read(4)) == 4:
        body = liar.answer(requests.read(struct.unpack(">I", head)[0]))
        replies.write(struct.pack(">I", len(body)) + body)
        replies.flush()


if __name__ == "__main__":
    main()
