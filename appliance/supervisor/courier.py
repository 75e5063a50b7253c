"""Carries notices from the journal to their channels, in a thread of its own: nobody ever waits for it."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.notice import Event
from appliance.plan.channels import channel

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from appliance.config.model import Appliance
    from appliance.notice import Pending
    from appliance.ports import Clock, Outbox
    from appliance.supervisor.post import Post

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
_BACK_OFF = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
)
_UNKNOWN_FOR = timedelta(minutes=1)
# After three days nobody wants to know any more that something was wrong then. That an alarm holds is true until the
# word of its end takes the place of that notice.
GIVE_UP_AFTER = timedelta(days=3)


class Courier:
    """Delivers each notice at least once: it leaves the journal only after it has arrived, or is given up."""

    def __init__(self, *, outbox: Outbox, post: Post, appliance: Callable[[], Appliance | None], clock: Clock) -> None:
        self._outbox = outbox
        self._post = post
        self._appliance = appliance
        self._clock = clock
        self._complaint = ""

    def start(self, closing: threading.Event) -> None:
        """Deliver from now on, until `closing` is set; what is under way then is not waited for."""
        threading.Thread(target=self._run, args=(closing,), name="courier", daemon=True).start()

    def deliver_due(self) -> None:
        """Try once whatever is due. Raises StateError."""
        appliance = self._appliance()
        if appliance is None:
            return
        silent: set[tuple[str, str]] = set()
        for waiting in self._outbox.pending():
            place = (waiting.notice.client, waiting.notice.channel)
            if place in silent or not _is_due(waiting, self._clock.now()):
                continue
            if not self._deliver(appliance, waiting):
                # The others for that channel would only wait in vain: they keep their place.
                silent.add(place)

    def _deliver(self, appliance: Appliance, waiting: Pending) -> bool:
        notice = waiting.notice
        found = channel(appliance, notice.client, notice.channel)
        if found is None and self._clock.now() - waiting.created < _UNKNOWN_FOR:
            # Posted by a command that has read a newer configuration than is in force here.
            return False
        if found is None:
            kind, trouble = notice.channel.partition(" ")[0], "the channel is configured no more"
            self._outbox.not_delivered(waiting.notice_id, kind, trouble, None)
            return True
        kind, trouble = self._post.deliver(found, notice)
        if not trouble:
            self._outbox.delivered(waiting.notice_id, kind)
            return True
        again = _again(waiting, self._clock.now())
        then = f"next try at {again:%Y-%m-%d %H:%M} UTC" if again else "given up"
        about = {"client": notice.client}
        _LOG.warning('notice "%s" not delivered: %s; %s', notice.title, trouble, then, extra=about)
        self._outbox.not_delivered(waiting.notice_id, kind, trouble, again)
        return False

    def _run(self, closing: threading.Event) -> None:
        while not closing.wait(_LOOK_SECONDS):
            try:
                self.deliver_due()
                self._complaint = ""
            except StateError as error:
                if str(error) != self._complaint:
                    _LOG.error("notices wait: %s", error)
                self._complaint = str(error)
            except Exception:  # noqa: BLE001 - a bug in one delivery must not end the telling for good
                _LOG.exception("a notice could not be carried by a fault of Borgpull")


def _is_due(waiting: Pending, now: datetime) -> bool:
    """Whether to try now; a time that no waiting explains was written while the clock was ahead."""
    misdated = waiting.next_try - now > _BACK_OFF[-1] or (not waiting.attempts and waiting.created > now)
    return misdated or waiting.next_try <= now


def _again(waiting: Pending, now: datetime) -> datetime | None:
    """Return when to try again; None to give it up. That a run began is no news a minute later."""
    event = waiting.notice.event
    is_old = now - waiting.created > GIVE_UP_AFTER and not event.tells_an_alarm
    if event is Event.STARTED or is_old:
        return None
    return now + _BACK_OFF[min(waiting.attempts, len(_BACK_OFF) - 1)]
