"""One notice through one channel: which edge carries it, and what is said when it could not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.config.channels import SECRET, ChannelUrl
from appliance.errors import NotifyError, StateError
from appliance.plan.channels import HEALTHCHECKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.notice import Notice
    from appliance.plan.channels import Channel
    from appliance.ports import Notifier


class Post:
    """`services` carries all but the pings of checks; `read_secret` returns the URL in a file, or raises StateError."""

    def __init__(self, *, services: Notifier, checks: Notifier, read_secret: Callable[[str], str]) -> None:
        self._services = services
        self._checks = checks
        self._read_secret = read_secret

    def deliver(self, channel: Channel, notice: Notice) -> tuple[str, str]:
        """Return the kind of the channel, and why the notice was not delivered: empty when it was."""
        kind = HEALTHCHECKS if channel.name == HEALTHCHECKS else channel.url.kind
        try:
            url = channel.url
            if url.file:
                url = ChannelUrl.read(self._read_secret(url.file))
                if url.kind == SECRET:
                    return kind, f"{channel.name}: the file names another file; write the URL itself into it"
                kind = kind if kind == HEALTHCHECKS else url.kind
            notifier = self._checks if kind == HEALTHCHECKS else self._services
            notifier.send(url.text, notice)
        except ValueError as error:
            return kind, f"{channel.name}: what the file holds {error}"
        except (NotifyError, StateError) as error:
            return kind, str(error)
        return kind, ""
