"""The lab's bad network does what it is told: else the tests that stand on it would prove nothing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.lab.proxy import Line, Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def _through_a_proxy() -> AsyncIterator[tuple[Proxy, _Streams]]:
    async with await asyncio.start_server(_echo, "127.0.0.1", 0) as server:
        proxy = Proxy("127.0.0.1", server.sockets[0].getsockname()[1])
        async with await asyncio.start_server(proxy.connection, "127.0.0.1", 0) as front:
            streams = await asyncio.open_connection("127.0.0.1", front.sockets[0].getsockname()[1])
            try:
                yield proxy, streams
            finally:
                proxy.weather.obey("calm", None)
                await _close(streams[1])
                # The connection's tasks end by themselves; a warning about one left open would fail the test.
                others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
                await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), timeout=5)


async def _say(streams: _Streams, text: bytes) -> bytes:
    streams[1].write(text)
    return await asyncio.wait_for(streams[0].readexactly(len(text)), timeout=5)


def test_a_calm_proxy_carries_every_byte_and_counts_them() -> None:
    async def story() -> None:
        async with _through_a_proxy() as (proxy, streams):
            assert await _say(streams, b"x" * 300_000) == b"x" * 300_000
            assert proxy.weather.obey("count", None) == "300000"
            assert proxy.weather.obey("carried", None) == "600000"

    asyncio.run(story())


def test_the_end_of_one_side_reaches_the_other() -> None:
    async def story() -> None:
        async with _through_a_proxy() as (_, streams):
            streams[1].write_eof()
            assert await asyncio.wait_for(streams[0].read(), timeout=5) == b""

    asyncio.run(story())


def test_a_delay_counts_for_each_way() -> None:
    async def story() -> None:
        async with _through_a_proxy() as (proxy, streams):
            proxy.weather.obey("delay", 0.1)
            clock = asyncio.get_running_loop().time
            begun = clock()
            await _say(streams, b"x")
            assert 0.2 <= clock() - begun < 2

    asyncio.run(story())


def test_what_is_under_way_is_bounded_in_bytes_and_not_in_chunks() -> None:
    async def story() -> None:
        line = Line()
        for _ in range(1000):
            await asyncio.wait_for(line.put(0.0, b"x", room=1000), timeout=5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line.put(0.0, b"x", room=1000), timeout=0.1)
        assert await line.get() == (0.0, b"x")
        await asyncio.wait_for(line.put(0.0, b"x", room=1000), timeout=5)

    asyncio.run(story())


def test_a_throttle_limits_the_rate() -> None:
    async def story() -> None:
        async with _through_a_proxy() as (proxy, streams):
            proxy.weather.obey("throttle", 200_000)
            clock = asyncio.get_running_loop().time
            begun = clock()
            await _say(streams, b"x" * 60_000)
            assert clock() - begun >= 0.3

    asyncio.run(story())


def test_what_is_frozen_answers_nothing_and_goes_on_when_it_is_calm() -> None:
    async def story() -> None:
        async with _through_a_proxy() as (proxy, streams):
            proxy.weather.obey("freeze", None)
            streams[1].write(b"hello")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(streams[0].readexactly(5), timeout=0.3)
            proxy.weather.obey("calm", None)
            assert await asyncio.wait_for(streams[0].readexactly(5), timeout=5) == b"hello"

    asyncio.run(story())


def test_a_cut_can_be_ordered_for_a_later_byte() -> None:
    async def story() -> None:
        async with _through_a_proxy() as (proxy, streams):
            proxy.weather.obey("cut", 10)
            assert await _say(streams, b"12345") == b"12345"
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await _say(streams, b"67890")

    asyncio.run(story())


def test_an_unknown_word_is_refused() -> None:
    async def story() -> None:
        async with _through_a_proxy() as (proxy, _):
            assert proxy.weather.obey("rain", None) == "unknown word 'rain'"

    asyncio.run(story())
