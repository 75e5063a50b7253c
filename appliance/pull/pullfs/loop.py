"""One thread between the kernel and the client: whoever has something to say is heard, and what waits is sent."""

from __future__ import annotations

import selectors
import time
from functools import partial
from typing import TYPE_CHECKING

from appliance.pull.pullfs.conversation import Conversation, LinkLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import FileDescriptorLike

    Lost = Callable[[LinkLostError], None]

# So long a client is not heard after it was, while nobody waits for it: replies then come many at a time, and each
# costs ssh, its server and us a fraction. In that time 1 GiB/s would not fill the pipe.
_REST_SECONDS = 0.001
# Between so many replies the kernel is heard: who reads must not wait until the rest of a thousand is taken in.
_AT_ONCE = 16


def _raise(error: LinkLostError) -> None:
    raise error


class Loop:
    """What is listened to. A conversation that breaks is told to who began it, who may raise that."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Nobody speaks yet; `now` is a clock in seconds that never goes back."""
        self._now = now
        # Everybody, and all but the conversations.
        self._everybody, self._others = selectors.DefaultSelector(), selectors.DefaultSelector()
        self._conversations: dict[Conversation, Lost] = {}
        self._rests_until = 0.0
        self._is_awaited: Callable[[], bool] = lambda: True

    def hear(self, source: FileDescriptorLike, then: Callable[[], None]) -> None:
        """Call that whenever the source has something to say."""
        for selector in (self._everybody, self._others):
            selector.register(source, selectors.EVENT_READ, then)

    def rest_unless(self, is_awaited: Callable[[], bool]) -> None:
        """Hear conversations now and then only, as long as none is awaited."""
        self._is_awaited = is_awaited

    def talk(self, conversation: Conversation, lost: Lost = _raise) -> None:
        """Carry a conversation; its end is the end of all unless `lost` does something about it."""
        self._conversations[conversation] = lost
        then = self._receiving(conversation)
        self._everybody.register(conversation.out, selectors.EVENT_READ, then)

    def hang_up(self, conversation: Conversation) -> None:
        """Do not carry it any more."""
        del self._conversations[conversation]
        self._everybody.unregister(conversation.out)
        if conversation.into in self._everybody.get_map():
            self._everybody.unregister(conversation.into)

    def turn(self) -> None:
        """Send, wait until somebody speaks, and hear them all; of a conversation a part."""
        for conversation in tuple(self._conversations):
            self._do(conversation, conversation.send)
        for conversation in self._conversations:
            self._watch_the_way_out(conversation)
        selector, seconds = self._whom_to_hear()
        for key, _ in selector.select(seconds):
            key.data()
        for conversation in tuple(self._conversations):
            if conversation.has_unheard:
                self._do(conversation, partial(conversation.hear, _AT_ONCE))

    def _whom_to_hear(self) -> tuple[selectors.BaseSelector, float | None]:
        if any(conversation.has_unheard for conversation in self._conversations):
            return self._others, 0
        rest = 0.0 if self._is_awaited() else self._rests_until - self._now()
        return (self._others, rest) if rest > 0 else (self._everybody, None)

    def _do(self, conversation: Conversation, act: Callable[[], None]) -> None:
        if (lost := self._conversations.get(conversation)) is None:
            # Hung up by what was heard before it in the same turn.
            return
        try:
            act()
        except LinkLostError as error:
            lost(error)

    def _watch_the_way_out(self, conversation: Conversation) -> None:
        """Wait for room in the pipe only while something is to be sent."""
        watched = conversation.into in self._everybody.get_map()
        if conversation.has_unsent and not watched:
            then = self._sending(conversation)
            self._everybody.register(conversation.into, selectors.EVENT_WRITE, then)
        elif watched and not conversation.has_unsent:
            self._everybody.unregister(conversation.into)

    def _receiving(self, conversation: Conversation) -> Callable[[], None]:
        def receive() -> None:
            self._do(conversation, partial(conversation.receive, _AT_ONCE))
            self._rests_until = self._now() + _REST_SECONDS

        return receive

    def _sending(self, conversation: Conversation) -> Callable[[], None]:
        return lambda: self._do(conversation, conversation.send)
