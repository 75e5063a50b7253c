"""Stands between a supervisor and its engine: every answer is late, some requests are refused, most logs break off.

`faulty_engine.py SOCKET ENGINE_SOCKET REFUSE_EVERY CUT_LOGS_AFTER`; runs inside the supervisor's container. It is over
when SOCKET is a link.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from itertools import count
from pathlib import Path

_REFUSAL = b'{"message":"the engine is tired"}'
_ANSWER = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_LATE_SECONDS = 0.15


class FaultyEngine:
    """One listening socket before one engine."""

    def __init__(self, socket: str, engine: str, refuse_every: int, cut_after: int) -> None:
        self._socket, self._engine = Path(socket), engine
        self._refuse_every, self._cut_after = refuse_every, cut_after
        self._requests, self._answers = count(1), count(1)

    @property
    def _is_over(self) -> bool:
        # A link to the engine stands in its place: connections of before are kept, and nothing is wrong with them.
        return self._socket.is_symlink()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, with all that is wrong with it."""
        from_engine, to_engine = await asyncio.open_unix_connection(self._engine)
        wanted: list[bytes] = []
        there = asyncio.create_task(self._ask(reader, to_engine, writer, wanted))
        back = asyncio.create_task(self._answer(from_engine, writer, wanted))
        await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        for task in (there, back):
            task.cancel()
        for one in (writer, to_engine):
            one.close()

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        to_engine: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
        wanted: list[bytes],
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65536):
                if not self._is_over:
                    await asyncio.sleep(_LATE_SECONDS)
                if chunk.startswith((b"GET ", b"POST ", b"DELETE ")):
                    wanted[:] = [chunk.partition(b"\r\n")[0]]
                    if next(self._requests) % self._refuse_every == 0 and not self._is_over:
                        writer.write(_ANSWER % len(_REFUSAL) + _REFUSAL)
                        await writer.drain()
                        return
                to_engine.write(chunk)
                await to_engine.drain()

    async def _answer(
        self, from_engine: asyncio.StreamReader, writer: asyncio.StreamWriter, wanted: list[bytes]
    ) -> None:
        left = self._cut_after
        # Whoever reads a log again gets it whole at the third time.
        breaks_off = next(self._answers) % 3 != 0
        with contextlib.suppress(ConnectionError):
            while chunk := await from_engine.read(65536):
                if breaks_off and wanted and b"/logs?" in wanted[0] and not self._is_over:
                    writer.write(chunk[:left])
                    left -= len(chunk)
                    if left <= 0:
                        await writer.drain()
                        return
                else:
                    writer.write(chunk)
                await writer.drain()


async def main() -> None:
    """Serve until killed."""
    socket, engine, refuse_every, cut_after = sys.argv[1:]
    faulty = FaultyEngine(socket, engine, int(refuse_every), int(cut_after))
    server = await asyncio.start_unix_server(faulty.serve, socket)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
