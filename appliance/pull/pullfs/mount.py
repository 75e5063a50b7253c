"""One mount from its beginning to its end: list, then one loop between the kernel and the client."""

from __future__ import annotations

import selectors
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.plan.run_plan import REQUIRE
from appliance.pull.execute import PIPE, end, start
from appliance.pull.pullfs import words
from appliance.pull.pullfs.ahead import Ahead
from appliance.pull.pullfs.client_listing import ENVIRONMENT, Listed, NotListedError, ask, listed, listed_by_sftp
from appliance.pull.pullfs.conversation import Conversation
from appliance.pull.pullfs.device import Device, UnmountedError
from appliance.pull.pullfs.fetching import Fetching
from appliance.pull.pullfs.order import reading_order
from appliance.pull.pullfs.pace import Pace
from appliance.pull.pullfs.seen import Seen
from appliance.pull.pullfs.serving import Serving
from appliance.pull.signals import SignalPipe
from appliance.pull.ssh_config import CLIENT
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.plan.run_plan import RunPlan

    Say = Callable[[str, object], None]

_SEEN = "pullfs-seen"
_NOT_GIVEN = (
    "{reason}: {name} does not give its listing, because its key runs something else, or because neither GNU find nor "
    'python3, perl or busybox is there; paste what `borgpull client setup {name}` prints, or write listing = "auto"'
)


def serve(plan: RunPlan, descriptor: int, say: Say) -> None:
    """Serve until somebody ends it; raises LinkLostError, NotListedError, Hostile and WrongKernelError."""
    listing = ask(plan)
    sftp = start(("ssh", "-F", str(places.SSH_CONFIG), "-s", CLIENT, "sftp"), ENVIRONMENT, stdin=PIPE, stdout=PIPE)
    try:
        assert sftp.stdout is not None  # noqa: S101 - both were asked for
        assert sftp.stdin is not None  # noqa: S101
        client = Conversation(out=sftp.stdout.fileno(), into=sftp.stdin.fileno())
        found = listed(plan, listing, say)
        if found is None and plan.listing == REQUIRE:
            raise NotListedError(_NOT_GIVEN.format(reason=Reason.CLIENT_TOOLS.value, name=plan.client))
        _Mount(plan, descriptor, found or listed_by_sftp(plan, client, say), client).run(say)
    finally:
        end(sftp, grace_seconds=1)


class _Mount:
    """What belongs to one loop."""

    def __init__(self, plan: RunPlan, descriptor: int, found: Listed, client: Conversation) -> None:
        self._found = found
        tree = found.tree
        self._device = Device(descriptor)
        self._client = client
        self._seen = Seen(tree, Path(places.CACHE) / _SEEN)
        ahead = Ahead(reading_order(tree, plan.paths), len(tree) + 1, self._seen.is_expected)
        self._serving = Serving(self._device, tree, self._client.post)
        self._fetching = Fetching(
            tree, ahead, self._client.post, self._serving, pace=Pace(time.monotonic), has_read=self._seen.add
        )
        self._serving.serve_from(self._fetching)
        self._signals = SignalPipe((signal.SIGTERM, signal.SIGINT))
        self._selector = selectors.DefaultSelector()
        self._is_ended = False

    def run(self, say: Say) -> None:
        self._greet()
        say(words.READY, self._found.told())
        self._fetching.go_ahead()
        self._selector.register(self._device, selectors.EVENT_READ, self._serving.answer_all)
        self._selector.register(self._signals, selectors.EVENT_READ, self._end)
        try:
            self._loop()
        except UnmountedError:
            pass
        finally:
            self._seen.keep()
            say(words.FETCHED, self._fetching.told())

    def _greet(self) -> None:
        self._selector.register(self._client.out, selectors.EVENT_READ, self._client.receive)
        while not self._client.is_greeted:
            self._turn()

    def _loop(self) -> None:
        while not self._is_ended:
            self._turn()

    def _end(self) -> None:
        self._is_ended = bool(self._signals.taken())

    def _turn(self) -> None:
        self._client.send()
        self._watch_the_way_out()
        for key, _ in self._selector.select():
            key.data()

    def _watch_the_way_out(self) -> None:
        """Wait for room in the pipe only while something is to be sent."""
        watched = self._client.into in self._selector.get_map()
        if self._client.has_unsent and not watched:
            self._selector.register(self._client.into, selectors.EVENT_WRITE, self._client.send)
        elif watched and not self._client.has_unsent:
            self._selector.unregister(self._client.into)
