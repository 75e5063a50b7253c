"""An sshd in a thread, by paramiko: lets one key in, and forwards where it may. For the ways that logins can fail."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_FAILED_CONNECT_FAILED,
    OPEN_SUCCEEDED,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class SshServer:
    """One machine of this host's loopback; what it does can be changed while it runs."""

    admitted: paramiko.PKey
    host_key: paramiko.PKey = field(default_factory=paramiko.ECDSAKey.generate)
    forwards: bool = True
    users: list[str] = field(default_factory=list)
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _open: list[paramiko.Transport] = field(default_factory=list)

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @contextmanager
    def running(self) -> Iterator[SshServer]:
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            # Closing alone does not wake who waits in accept.
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            thread.join(10)
            for transport in self._open:
                transport.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(self.host_key)
            self._open.append(transport)
            with suppress(paramiko.SSHException, EOFError):
                transport.start_server(server=_Guard(self, transport), event=threading.Event())


class _Guard(paramiko.ServerInterface):
    def __init__(self, server: SshServer, transport: paramiko.Transport) -> None:
        self._server = server
        self._transport = transport

    def get_allowed_auths(self, _username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self._server.users.append(username)
        return AUTH_SUCCESSFUL if key == self._server.admitted else AUTH_FAILED

    def check_channel_direct_tcpip_request(
        self, chanid: int, _origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        if not self._server.forwards:
            return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        try:
            far = socket.create_connection(destination, 5)
        except OSError:
            return OPEN_FAILED_CONNECT_FAILED
        far.settimeout(None)
        threading.Thread(target=self._join, args=(chanid, far), daemon=True).start()
        return OPEN_SUCCEEDED

    def _join(self, chanid: int, far: socket.socket) -> None:
        channel = self._transport.accept(10)
        if channel is None or channel.get_id() != chanid:
            far.close()
            return
        threading.Thread(target=_copy, args=(channel, far), daemon=True).start()
        _copy(far, channel)


def _copy(source: socket.socket | paramiko.Channel, sink: socket.socket | paramiko.Channel) -> None:
    with suppress(OSError, EOFError):
        while data := source.recv(32768):
            sink.sendall(data)
    for end in (source, sink):
        # Each of them says goodbye to somebody who may be gone.
        with suppress(OSError, EOFError):
            end.shutdown(socket.SHUT_RDWR)
        with suppress(OSError, EOFError):
            end.close()
