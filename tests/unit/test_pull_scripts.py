"""A script over a connection, and what takes the place of the shell there."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from appliance.pull.scripts import run_script

if TYPE_CHECKING:
    from fabric import Connection


class Refusing:
    """A channel, and the connection it is on, to something that ends before it reads: a forced command, say."""

    def __init__(self, *, is_connected: bool) -> None:
        self.is_connected = is_connected
        self.closed = True
        self.transport = self

    def open_session(self, timeout: float) -> Refusing:
        assert timeout > 0
        return self

    def get_transport(self) -> Refusing:
        return self

    def is_active(self) -> bool:
        return self.is_connected

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def exec_command(self, words: str) -> None:
        assert words == "exec /bin/sh -s"

    def sendall(self, data: bytes) -> None:
        raise OSError(f"Socket is closed ({len(data)} bytes unread)")

    @property
    def eof_received(self) -> bool:
        return True

    def exit_status_ready(self) -> bool:
        return True

    def recv_ready(self) -> bool:
        return False

    def recv_stderr_ready(self) -> bool:
        return False

    def recv_exit_status(self) -> int:
        return 1

    def close(self) -> None:
        self.closed = True


def test_what_ends_before_it_reads_the_script_tells_by_its_exit_code() -> None:
    finished = run_script(cast("Connection", Refusing(is_connected=True)), "true", timeout_seconds=5)

    assert (finished.code, finished.stdout) == (1, "")


def test_a_connection_that_ends_before_the_script_is_read_is_lost() -> None:
    with pytest.raises(OSError, match="Socket is closed"):
        run_script(cast("Connection", Refusing(is_connected=False)), "true", timeout_seconds=5)


class Hurried(Refusing):
    """A channel whose sshd tells the exit status before the last of the output."""

    def __init__(self, *late: bytes) -> None:
        super().__init__(is_connected=True)
        self.closed = False
        self._late = list(late)
        self._looks = 0

    @property
    def eof_received(self) -> bool:
        return not self._late

    def sendall(self, data: bytes) -> None:
        assert data == b"true"

    def shutdown_write(self) -> None:
        pass

    def recv_ready(self) -> bool:
        self._looks += 1
        return bool(self._late) and self._looks % 5 == 0

    def recv(self, size: int) -> bytes:
        assert size > 0
        return self._late.pop(0)

    def recv_exit_status(self) -> int:
        return 0


def test_what_comes_after_the_exit_status_is_heard_too() -> None:
    finished = run_script(cast("Connection", Hurried(b"one\n", b"two\n")), "true", timeout_seconds=5)

    assert (finished.code, finished.stdout) == (0, "one\ntwo\n")


class HeldOpen(Hurried):
    """A channel that something left behind by the script holds open for ever."""

    @property
    def eof_received(self) -> bool:
        return False


def test_what_holds_the_streams_open_after_the_end_is_not_waited_for() -> None:
    finished = run_script(cast("Connection", HeldOpen(b"one\n")), "true", timeout_seconds=60)

    assert (finished.code, finished.stdout) == (0, "one\n")
