"""Which channels the operator is told through: those of a client, or of the appliance where it has none of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from appliance.config.channels import ChannelUrl
    from appliance.config.model import Appliance

HEALTHCHECKS = "healthchecks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where to tell something. `name` (`ntfy #1`, `secret:mail`) may be shown and stored; the URL may not."""

    name: str
    url: ChannelUrl


def channels(appliance: Appliance, client: str = "") -> tuple[Channel, ...]:
    """Return the channels for messages about the client; the appliance's own for an empty or unknown name.

    A client's own `notify` stands in place of the appliance's, an empty list included.
    """
    found = appliance.client(client) if client else None
    urls = appliance.settings.notify if found is None or found.notify is None else found.notify
    return tuple(_named(urls))


def ping(appliance: Appliance, client: str) -> Channel | None:
    """Return the client's check at Healthchecks, if it has one."""
    found = appliance.client(client)
    if found is None or found.healthchecks is None:
        return None
    return Channel(name=HEALTHCHECKS, url=found.healthchecks)


def channel(appliance: Appliance, client: str, name: str) -> Channel | None:
    """Find a channel again by its name; None when the configuration has it no more."""
    if name == HEALTHCHECKS:
        return ping(appliance, client)
    return next((one for one in channels(appliance, client) if one.name == name), None)


def _named(urls: Iterable[ChannelUrl]) -> Iterable[Channel]:
    seen: Counter[str] = Counter()
    for url in urls:
        seen[url.kind] += 1
        yield Channel(name=str(url) if url.file else f"{url.kind} #{seen[url.kind]}", url=url)
