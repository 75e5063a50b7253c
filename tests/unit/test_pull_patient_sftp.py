"""A login shell that greets comes before SFTP and does it no harm; what is no SFTP at all is named, in bounded time."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import paramiko
import pytest

from appliance.pull.patient_sftp import PatientSftp
from appliance.pull.sftp.greeting import LONGEST_BYTES, pass_over
from tests.sftp_server import SftpServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class End(socket.socket):
    """A socket with what the library asks of a channel."""

    def get_name(self) -> str:
        return "0"


@contextmanager
def server(greeting: bytes) -> Iterator[End]:
    """One end of a socket whose other end greets, then speaks SFTP."""
    near, theirs = socket.socketpair()
    ours = End(fileno=near.detach())
    ours.settimeout(10)
    theirs.sendall(greeting)
    ends = (os.dup(theirs.fileno()), os.dup(theirs.fileno()))
    thread = threading.Thread(target=SftpServer().serve, args=ends, daemon=True)
    thread.start()
    with ours, theirs:
        yield ours
        theirs.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.mark.parametrize("greeting", [b"", b"welcome\n", b"have a nice day\r\n" * 99])
def test_what_a_shell_says_first_is_passed_over(greeting: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"inside")
    with server(greeting) as end:
        sftp = PatientSftp(end)  # type: ignore[arg-type]  # the library takes sockets for its tests

        assert [sftp.lstat(str(tmp_path / "file")).st_size for _ in range(2)] == [6, 6]


@pytest.mark.parametrize(
    "said", [b"x" * LONGEST_BYTES, b"\0\xff\xff\xffx", b"\0\0\0\0"], ids=["endless", "too long", "empty"]
)
def test_what_is_no_sftp_is_named(said: bytes) -> None:
    with server(said) as end, pytest.raises(paramiko.SFTPError, match="not SFTP"):
        PatientSftp(end)  # type: ignore[arg-type]  # as above


def test_nothing_of_a_packet_is_passed_over() -> None:
    unread = bytearray(b"hi\n\0\0\0\5\2")

    assert (pass_over(unread), bytes(unread)) == (3, b"\0\0\0\5\2")
    assert (pass_over(unread), bytes(unread)) == (0, b"\0\0\0\5\2")
