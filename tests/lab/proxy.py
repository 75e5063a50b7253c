"""A TCP proxy that can be told to delay, throttle, freeze and cut: the bad network of the lab.

`proxy.py serve PORT HOST:PORT` forwards; `proxy.py tell WORD [NUMBER]` (on the same machine) changes its mind.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import deque
from dataclasses import dataclass, field

CONTROL_PORT = 2999
CHUNK = 256 * 1024
# What is throttled comes in small pieces, so that the line is slow and not lumpy.
THROTTLED_CHUNK = 64 * 1024
# What may be under way in one direction: as much as a fast line holds in the time of the delay, and never less than
# the least. More than that waits at its sender. A throttled line holds what it carries in half a second: with more,
# whatever is asked on it would wait for half a minute behind what was sent before.
LEAST_UNDER_WAY, FAST_LINE = 4_000_000, 400_000_000
SLOW_LINE_SECONDS = 0.5


@dataclass(slots=True)
class Weather:
    """How bad the network is now. Delay in seconds each way, rate in bytes a second (0: no limit)."""

    delay: float = 0.0
    rate: float = 0.0
    refuse: bool = False
    forwarded: int = 0
    sent: int = 0
    freeze_at: int | None = None
    cut_at: int | None = None
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    connections: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """Break every connection at once, as a pulled cable behind a router that answers for it."""
        for writer in list(self.connections):
            writer.transport.abort()

    def obey(self, word: str, number: float | None) -> str:
        """Do what was told; `number` is seconds, bytes a second, or how many more bytes the server may send before."""
        moment = None if number is None else self.forwarded + int(number)
        match word:
            case "calm":
                self.delay, self.rate, self.refuse = 0.0, 0.0, False
                self.freeze_at = self.cut_at = None
                self.flowing.set()
            case "delay":
                self.delay = number or 0.0
            case "throttle":
                self.rate = number or 0.0
            case "refuse":
                self.refuse = True
            case "freeze" | "cut":
                self._end(word, moment)
            case "count":
                pass
            case "carried":
                return str(self.forwarded + self.sent)
            case _:
                return f"unknown word {word!r}"
        return str(self.forwarded)

    def _end(self, word: str, moment: int | None) -> None:
        match word:
            case "freeze" if moment is None:
                self.flowing.clear()
            case "freeze":
                self.freeze_at = moment
            case _ if moment is None:
                self.cut()
            case _:
                self.cut_at = moment

    @property
    def chunk(self) -> int:
        """How many bytes are read at once."""
        return THROTTLED_CHUNK if self.rate else CHUNK

    @property
    def room(self) -> int:
        """How many bytes may be under way in one direction."""
        if self.rate:
            return max(THROTTLED_CHUNK, int(self.rate * (self.delay + SLOW_LINE_SECONDS)))
        return max(LEAST_UNDER_WAY, int(self.delay * FAST_LINE))

    def count(self, size: int) -> None:
        """Note bytes that came from the server, and let what was ordered for that point happen."""
        self.forwarded += size
        if self.freeze_at is not None and self.forwarded >= self.freeze_at:
            self.freeze_at = None
            self.flowing.clear()
        if self.cut_at is not None and self.forwarded >= self.cut_at:
            self.cut_at = None
            self.cut()


class Line:
    """What is under way in one direction, each chunk with the moment when it is due; bounded in bytes, not chunks.

    Small chunks are many where the time between two of them is short: a bound on their number would be a bound on the
    rate that no real line has.
    """

    def __init__(self) -> None:
        self._chunks: deque[tuple[float, bytes]] = deque()
        self._size = 0
        self._changed = asyncio.Condition()

    async def put(self, due: float, chunk: bytes, room: int) -> None:
        """Send a chunk, as soon as there is room; one that is alone always has it."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._size == 0 or self._size + len(chunk) <= room)
            self._chunks.append((due, chunk))
            self._size += len(chunk)
            self._changed.notify_all()

    async def get(self) -> tuple[float, bytes]:
        """Take the oldest chunk; it may be too early for it."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._chunks))
            due, chunk = self._chunks.popleft()
            self._size -= len(chunk)
            self._changed.notify_all()
            return due, chunk


class Proxy:
    """One listening port that leads to one server, under one weather."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self.weather = Weather()
        self.weather.flowing.set()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        if self.weather.refuse:
            writer.transport.abort()
            return
        try:
            to_server = await asyncio.open_connection(*self._server, limit=CHUNK)
        except OSError:
            writer.transport.abort()
            return
        mine = {writer, to_server[1]}
        self.weather.connections |= mine
        try:
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._carry(reader, to_server[1], counted=False))
                directions.create_task(self._carry(to_server[0], writer, counted=True))
        finally:
            self.weather.connections -= mine
            for end in mine:
                end.close()
                with contextlib.suppress(ConnectionError):
                    await end.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool) -> None:
        """Copy one direction; a delay holds each chunk back without holding up the chunks behind it."""
        line = Line()
        async with asyncio.TaskGroup() as both:
            both.create_task(self._deliver(line, writer))
            clock = asyncio.get_running_loop().time
            with contextlib.suppress(ConnectionError):
                while chunk := await reader.read(self.weather.chunk):
                    if counted:
                        self.weather.count(len(chunk))
                    else:
                        self.weather.sent += len(chunk)
                    await line.put(clock() + self.weather.delay, chunk, self.weather.room)
            await line.put(0.0, b"", self.weather.room)

    async def _deliver(self, line: Line, writer: asyncio.StreamWriter) -> None:
        clock = asyncio.get_running_loop().time
        # After a broken connection the rest is taken and thrown away, so that the other half never waits.
        broken = False
        while (item := await line.get())[1]:
            due, chunk = item
            if broken:
                continue
            if (early := due - clock()) > 0:
                await asyncio.sleep(early)
            if self.weather.rate:
                await asyncio.sleep(len(chunk) / self.weather.rate)
            await self.weather.flowing.wait()
            try:
                writer.write(chunk)
                await writer.drain()
            except ConnectionError:
                broken = True
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one order: a word and perhaps a number on one line; the answer is the bytes carried so far."""
        word, *number = (await reader.readline()).decode().split()
        writer.write(self.weather.obey(word, float(number[0]) if number else None).encode() + b"\n")
        await writer.drain()
        writer.close()


async def serve(port: int, host: str, server_port: int) -> None:
    """Run the proxy and its control port until the machine is switched off."""
    proxy = Proxy(host, server_port)
    open_to_all = await asyncio.start_server(proxy.connection, port=port, limit=CHUNK)
    control = await asyncio.start_server(proxy.control, host="127.0.0.1", port=CONTROL_PORT)
    async with open_to_all, control:
        await asyncio.gather(open_to_all.serve_forever(), control.serve_forever())


async def tell(order: str) -> str:
    """Give the proxy of this machine an order and return its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", CONTROL_PORT)
    writer.write(order.encode() + b"\n")
    answer = (await reader.readline()).decode().strip()
    writer.close()
    return answer


def main() -> None:
    """Command line: `serve PORT HOST:PORT` or `tell WORD [NUMBER]`."""
    match sys.argv[1:]:
        case ["serve", port, server]:
            host, _, server_port = server.rpartition(":")
            asyncio.run(serve(int(port), host, int(server_port)))
        case ["tell", *words]:
            sys.stdout.write(asyncio.run(tell(" ".join(words))) + "\n")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
