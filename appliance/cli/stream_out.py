"""What is restored as a stream: from the pipe that a pull container writes into to our standard output."""

from __future__ import annotations

import os
import secrets
import select
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.plan import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.cli.surroundings import Surroundings

_CHUNK = 1 << 20
_LOOK_MILLISECONDS = 200
_NAME = "stream-"
# `docker exec` closes our standard input when its own caller is gone, and says nothing else. One that is at its end
# from the start (cron, `< /dev/null`) tells nothing.
_FIRST_LOOK_SECONDS = 0.5
# No multiple of a tar's block, no frame of zstd, no end of a zip: whoever reads it to its end sees that it is none.
INCOMPLETE = b"\nborgpull: this restore failed in the middle, and what comes before is not complete.\n"


class StreamOut(threading.Thread):
    """Copies from the pipe to our output until `end`; `is_lost` as soon as nobody takes it any more."""

    def __init__(self, pipe: int, output: int, watched: int) -> None:
        """Nothing is read yet; `watched` is the input whose end says that the reader is gone."""
        super().__init__(name="stream", daemon=True)
        self._pipe, self._output, self._watched = pipe, output, watched
        self._over = threading.Event()
        self._lost = threading.Event()
        self._wake = os.eventfd(0)
        self._watching = threading.Thread(target=self._watch_the_reader, name="reader", daemon=True)

    @property
    def is_lost(self) -> bool:
        """Whether the reader of our output is gone."""
        return self._lost.is_set()

    def run(self) -> None:
        """Copy; the pipe's writer sees a reader that is gone as soon as we are."""
        self._watching.start()
        try:
            self._copy()
        except OSError:
            self._lost.set()
        finally:
            os.close(self._pipe)

    def end(self, *, is_whole: bool) -> None:
        """Wait for the rest of a run that has ended; where it is not whole, make sure that no program takes it so."""
        self._over.set()
        os.eventfd_write(self._wake, 1)
        self.join()
        self._watching.join()
        if not is_whole and not self.is_lost:
            with suppress(OSError):
                _write(self._output, INCOMPLETE)

    def _copy(self) -> None:
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        while not self.is_lost:
            events = poll.poll(_LOOK_MILLISECONDS)
            chunk = os.read(self._pipe, _CHUNK) if events else b""
            if chunk:
                _write(self._output, chunk)
            elif events or self._over.is_set():
                # Its writer has closed it; or the run is over and none ever came.
                return

    def _watch_the_reader(self) -> None:
        is_open = False
        poll = select.poll()
        poll.register(self._watched, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while not self._over.is_set():
            heard = [number for number, _ in poll.poll(_FIRST_LOOK_SECONDS * 1000)]
            if not heard:
                is_open = True
            elif self._watched in heard and not os.read(self._watched, _CHUNK):
                if is_open:
                    self._lost.set()
                return


@contextmanager
def stream_out(world: Surroundings, client: str) -> Iterator[tuple[str, StreamOut]]:
    """Make the pipe for a run of the client, and copy from it for as long as the block lasts; yields its name too."""
    folder = world.state_folder / places.run_folder(client).relative_to(places.STATE)
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    _sweep(folder)
    place = folder / f"{_NAME}{os.getpid()}-{secrets.token_hex(6)}"
    os.mkfifo(place, 0o600)
    try:
        if os.geteuid() == 0:
            os.chown(place, world.owner().uid, world.owner().gid)
        copying = StreamOut(os.open(place, os.O_RDONLY | os.O_NONBLOCK), sys.stdout.fileno(), sys.stdin.fileno())
        copying.start()
        yield place.name, copying
    finally:
        place.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove pipes whose reader was killed. Its number is in the name; opening the pipe would disturb a live one."""
    for place in folder.glob(f"{_NAME}*"):
        if not Path("/proc", place.name.split("-")[1]).exists():
            place.unlink(missing_ok=True)


def _write(output: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(output, view) :]
