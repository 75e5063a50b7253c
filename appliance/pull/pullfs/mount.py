"""One mount from its beginning to its end: list, then one loop between the kernel and the client."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.plan.run_plan import REQUIRE
from appliance.pull.pullfs import limits, words
from appliance.pull.pullfs.ahead import Ahead
from appliance.pull.pullfs.client_holes import told_holes
from appliance.pull.pullfs.client_listing import (
    Listed,
    NotConnectedError,
    NotListedError,
    ask,
    listed,
    listed_by_sftp,
    needed,
)
from appliance.pull.pullfs.device import Device, UnmountedError
from appliance.pull.pullfs.fetching import Fetching
from appliance.pull.pullfs.loop import Loop
from appliance.pull.pullfs.murmur import Murmur
from appliance.pull.pullfs.order import reading_order
from appliance.pull.pullfs.seen import Seen
from appliance.pull.pullfs.serving import Serving
from appliance.pull.pullfs.session import COMPRESSED, Session
from appliance.pull.pullfs.ways import Ways
from appliance.pull.pullfs.zeros import is_sparse
from appliance.pull.signals import SignalPipe
from appliance.record import BY_SFTP, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.execute import Process
    from appliance.pull.listing.holes import Holes
    from appliance.pull.pullfs.conversation import Conversation

    Say = Callable[[str, object], None]

_SEEN = "pullfs-seen"
_ASKED_AGAIN = 2
_NOT_GIVEN = (
    "{reason}: {name} does not give its listing, because its key runs something else, or because neither GNU find nor "
    'python3, perl or busybox is there; paste what `borgpull client setup {name}` prints, or write listing = "auto"'
)


def serve(plan: RunPlan, descriptor: int, say: Say) -> None:
    """Serve until somebody ends it; raises LinkLostError, NotListedError, Hostile and WrongKernelError."""
    with ExitStack() as sessions:
        murmur = Murmur(lambda text: say(words.SSH, text))
        sessions.callback(murmur.close)

        def begin(*options: str) -> Conversation:
            session = Session(*options, stderr=murmur.into)
            sessions.callback(session.end)
            return session.conversation

        listing = ask(plan, murmur.into)
        client = begin()
        found = _listed(plan, listing, murmur, say)
        if found is None and plan.listing == REQUIRE:
            raise NotListedError(_NOT_GIVEN.format(reason=Reason.CLIENT_TOOLS.value, name=plan.client))
        mount = _Mount(plan, descriptor, found or listed_by_sftp(plan, client, say), client)
        mount.ask_for_holes(murmur.into, say)
        mount.run(lambda: begin(*COMPRESSED), say)


def _listed(plan: RunPlan, listing: Process, murmur: Murmur, say: Say) -> Listed | None:
    """Read the listing; where its connection was turned away, ask again before a client counts as giving none.

    A busy sshd drops logins at random (sshd_config(5), MaxStartups), and an archive is poorer without the listing. A
    server that lets no command run ends ssh in the same way, so in the end it is believed.
    """
    for _ in range(_ASKED_AGAIN):
        try:
            return listed(plan, listing, say)
        except NotConnectedError:
            listing = ask(plan, murmur.into)
    try:
        return listed(plan, listing, say)
    except NotConnectedError:
        return None


class _Mount:
    """What belongs to one loop."""

    def __init__(self, plan: RunPlan, descriptor: int, found: Listed, client: Conversation) -> None:
        self._plan, self._found, self._client = plan, found, client
        self._device = Device(descriptor)
        self._seen = Seen(found.tree, Path(places.CACHE) / _SEEN)
        self._signals = SignalPipe((signal.SIGTERM, signal.SIGINT))
        self._loop = Loop()
        self._holes: Mapping[int, Holes] = {}
        self._is_ended = False

    def ask_for_holes(self, stderr: int, say: Say) -> None:
        """Have the client say where the holes of its sparse files are; raises Hostile."""
        # SFTP does not tell what a file takes on the disk.
        if self._found.tool != BY_SFTP:
            tree = self._found.tree
            self._holes = told_holes(tree, self._seen.is_expected, stderr, lambda: say(words.LISTING, len(tree)))

    def run(self, begin_packed: Callable[[], Conversation], say: Say) -> None:
        self._loop.talk(self._client)
        while not self._client.is_greeted:
            self._loop.turn()
        say(words.READY, self._found.told())
        serving = Serving(self._device, self._found.tree, self._client.post)
        fetching = self._fetching(Ways(self._loop, self._client, begin_packed, time.monotonic), serving)
        serving.serve_from(fetching)
        limits.ask(self._client, fetching.may_open)
        fetching.go_ahead()
        self._loop.rest_unless(fetching.is_awaited)
        self._loop.hear(self._device, serving.answer_all)
        self._loop.hear(self._signals, self._end)
        try:
            while not self._is_ended:
                self._loop.turn()
        except UnmountedError:
            pass
        finally:
            self._seen.keep()
            say(words.FETCHED, fetching.told())

    def _fetching(self, ways: Ways, serving: Serving) -> Fetching:
        tree, seen = self._found.tree, self._seen
        # What names the owners is read when somebody asks, and again by Borg: it has no place in the order.
        apart = {tree.find(path.encode()) for path in needed(self._plan)}
        order = (node for node in reading_order(tree, self._plan.paths) if node not in apart)
        ahead = Ahead(order, len(tree) + 1, seen.is_expected)
        knows_blocks = self._found.tool != BY_SFTP
        return Fetching(
            tree,
            ahead,
            ways,
            serving,
            is_sparse=lambda node: knows_blocks and is_sparse(tree, node),
            holes=self._holes,
            done_with=seen.add,
        )

    def _end(self) -> None:
        self._is_ended = bool(self._signals.taken())
