"""The two sessions by which a client's files come: the plain one, and one that ssh compresses, for holes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.pull.pullfs.lane import Lane
from appliance.pull.pullfs.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.pull.pullfs.conversation import Conversation, LinkLostError
    from appliance.pull.pullfs.loop import Loop


class Ways:
    """Both lanes. `plain` is there; the other one is opened when it is first asked for."""

    def __init__(
        self, loop: Loop, plain: Conversation, begin_packed: Callable[[], Conversation], now: Callable[[], float]
    ) -> None:
        """`begin_packed` starts the second session and waits for nothing; `now` is a clock in seconds."""
        self.plain = Lane(plain.post, Pace(now))
        self._loop, self._begin_packed, self._now = loop, begin_packed, now
        self._packed: Lane | None = None
        self._is_given_up = False

    def packed(self) -> Lane | None:
        """Return the compressed lane; None where the client does not let a second session in."""
        if self._packed is None and not self._is_given_up:
            conversation = self._begin_packed()
            self._packed = Lane(conversation.post, Pace(self._now))
            self._loop.talk(conversation, lambda error: self._lost(conversation, error))
        return self._packed

    def _lost(self, conversation: Conversation, error: LinkLostError) -> None:
        """Go on without it where it never began: nothing can have been lost then. Else it is the end of all."""
        if conversation.is_greeted:
            raise error
        self._packed, self._is_given_up = None, True
        self._loop.hang_up(conversation)
        conversation.give_up()
