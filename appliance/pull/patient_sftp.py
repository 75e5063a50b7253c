"""The library's SFTP, opened with deadlines, and behind a login shell that talks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import paramiko

from appliance.pull.sftp.greeting import BEGINNING, LONGEST_BYTES
from appliance.pull.sftp.replies import LARGEST_REPLY

if TYPE_CHECKING:
    from fabric import Connection

_NOT_SFTP = "what it sends is not SFTP"


class PatientSftp(paramiko.SFTPClient):
    """The library's, but for the first packet, before which a shell may have said something."""

    _is_greeted = False

    def _read_packet(self) -> tuple[int, bytes]:
        if self._is_greeted:
            kind, body = super()._read_packet()  # type: ignore[misc]
            return kind, body
        self._is_greeted = True
        for _ in range(LONGEST_BYTES):
            if self._read_all(1) == BEGINNING:  # type: ignore[attr-defined]
                break
        else:
            raise paramiko.SFTPError(_NOT_SFTP)
        size = int.from_bytes(self._read_all(3), "big")  # type: ignore[attr-defined]
        if not 0 < size <= LARGEST_REPLY:
            raise paramiko.SFTPError(_NOT_SFTP)
        packet: bytes = self._read_all(size)  # type: ignore[attr-defined]
        return packet[0], packet[1:]


def sftp_over(connection: Connection, timeout_seconds: float) -> paramiko.SFTPClient:
    """Open SFTP over a connection that stands; raises SSHException, SFTPError, EOFError and OSError."""
    channel = connection.transport.open_session(timeout=timeout_seconds)
    channel.settimeout(timeout_seconds)
    channel.invoke_subsystem("sftp")
    return PatientSftp(channel)
