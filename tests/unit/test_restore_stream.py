"""Way local as a stream: what compresses it must come to its end as well, whatever Borg only warned of."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, cast

import pytest

from appliance.plan.run_plan import RunPlan
from appliance.pull.restores import local_stream
from appliance.pull.restores.listening import Told
from appliance.pull.voice import Voice
from appliance.record import RestoreOrder, Way

if TYPE_CHECKING:
    from appliance.pull.ends import Ends

PLAN = RunPlan(run_id="r1", client="web1", operation="restore", appliance_id="app", method="sshfs", names="client")
ORDER = RestoreOrder(archive="web1-1", way=Way.LOCAL, form="tar.zst", stream="s")


class Played(local_stream._Streaming):
    """A stream for which Borg wrote a few bytes and ended with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(PLAN, ORDER, cast("Ends", None), Voice())
        self._code = code

    def tar(self, pipe: int) -> Told:
        os.write(pipe, bytes(512))
        return Told(code=self._code)


@pytest.fixture(autouse=True)
def compressor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host need not have zstd: whatever copies its input does as well."""
    monkeypatch.setattr(local_stream, "_ZSTD", ("cat",))


def told(code: int, *, reads: bool) -> Told:
    """Stream into a pipe whose reader takes everything, or goes away."""
    out, into = os.pipe()
    reader = threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(out, 1 << 16), b"")])
    if reads:
        reader.start()
    else:
        os.close(out)
    try:
        return Played(code).zstd(into)
    finally:
        os.close(into)
        if reads:
            reader.join()
            os.close(out)


@pytest.mark.parametrize("code", [0, 1, 107])
def test_a_compressor_that_failed_is_a_stream_that_failed_also_where_borg_warned(code: int) -> None:
    assert told(code, reads=True).code == code
    assert told(code, reads=False).code not in (0, 1, 107)
