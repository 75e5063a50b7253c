"""One SFTP session to ask for data by: how much is under way in it, and how much may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.pull.pullfs.pace import Pace
    from appliance.pull.sftp.packets import Request
    from appliance.pull.sftp.replies import Reply

    Post = Callable[[Request, Callable[[Reply], None]], None]


class Lane:
    """A way to the client with a pace of its own. `under_way` in bytes, `requests` since its beginning."""

    def __init__(self, post: Post, pace: Pace) -> None:
        """`post` sends a request and calls back with its reply, never before it returns."""
        self._post, self._pace = post, pace
        self.under_way = self.requests = self.bytes = 0

    @property
    def room(self) -> int:
        """How many more bytes may be asked for now."""
        return self._pace.limit - self.under_way

    @property
    def is_half_empty(self) -> bool:
        """Whether it is time to look for what to ask for next: doing so for every piece takes longer than one."""
        return 2 * self.under_way < self._pace.limit

    def post(self, request: Request, then: Callable[[Reply], None]) -> None:
        """Send a request."""
        self.requests += 1
        self._post(request, then)

    def came(self, asked: int, count: int) -> None:
        """So many bytes were asked for, and so many have come."""
        self.under_way -= asked
        self.bytes += count
        self._pace.came(count)


class Lanes(Protocol):
    """Both ways to the client's files."""

    plain: Lane

    def packed(self) -> Lane | None:
        """Return the one on which zeros cost next to nothing, opened at the first call; None where there is none."""
