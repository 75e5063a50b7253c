"""/dev/fuse, one packet at a time."""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from appliance.pull.pullfs import wire


class UnmountedError(Exception):
    """The kernel has ended the file system."""


class Device:
    """The descriptor that root has mounted. It never blocks."""

    def __init__(self, descriptor: int) -> None:
        """Take it over."""
        self._descriptor = descriptor
        self._buffer = bytearray(wire.LARGEST_REQUEST)
        os.set_blocking(descriptor, False)

    def fileno(self) -> int:
        """The descriptor, for selectors."""
        return self._descriptor

    def next(self) -> wire.Request | None:
        """Return the next request, None when there is none now; raises UnmountedError.

        The body is good until the next call.
        """
        while True:
            try:
                length = os.readv(self._descriptor, (self._buffer,))
            except BlockingIOError:
                return None
            except OSError as error:
                # ENOENT: the request was taken back before it was read.
                if error.errno in (errno.ENOENT, errno.EINTR):
                    continue
                raise UnmountedError from error
            return wire.read_request(memoryview(self._buffer)[:length])

    def say(self, packet: tuple[bytes | memoryview, ...]) -> bool:
        """Send a reply or a notice; returns whether it was taken: that nobody waits for it any more is no error."""
        with suppress(OSError):
            os.writev(self._descriptor, packet)
            return True
        return False
