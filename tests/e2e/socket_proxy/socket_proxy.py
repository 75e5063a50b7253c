"""A socket proxy as others make them: whole groups of the engine's API by path, and nothing that changes without POST.

`socket_proxy.py PORT ENGINE_SOCKET`; a group is let through when the variable of its name is 1. Says each request.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys

_REQUEST = re.compile(rb"([A-Z]+) (?:/v[\d.]+)?/_?([a-z]+)([^ ]*) HTTP/1\.1\r\n")
_READING = (b"GET", b"HEAD", b"OPTIONS")
_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)
_REFUSAL = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 9\r\nConnection: close\r\n\r\nForbidden"
)


def is_on(name: str) -> bool:
    """Whether the variable lets something through."""
    return os.environ.get(name) == "1"


def may(head: bytes) -> bool:
    """Whether the request is one that is let through; says what it is."""
    found = _REQUEST.match(head)
    group = found[2].decode().upper() if found else "UNKNOWN"
    fine = found is not None and is_on(group) and (found[1] in _READING or is_on("POST"))
    line = head.partition(b"\r\n")[0].decode("utf-8", "replace")
    sys.stdout.write(f"{'passed' if fine else 'refused'} {group} {line}\n")
    sys.stdout.flush()
    return fine


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one connection, on which one request may follow the other."""
    from_engine, to_engine = await asyncio.open_unix_connection(sys.argv[2])
    back = asyncio.create_task(copy(from_engine, writer))
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if not may(head):
                writer.write(_REFUSAL)
                await writer.drain()
                break
            length = _LENGTH.search(head)
            to_engine.write(head + await reader.readexactly(int(length[1]) if length else 0))
            await to_engine.drain()
    back.cancel()
    for one in (writer, to_engine):
        one.close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry the engine's answers back as they come, logs that are followed included."""
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        writer.close()


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.start_server(serve, "0.0.0.0", int(sys.argv[1]))  # noqa: S104 - in a network of the lab
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
