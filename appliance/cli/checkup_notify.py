"""What the doctor says of the ways by which the operator is told when something is wrong."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.cli.findings import bad, fine, warning
from appliance.cli.readable import count
from appliance.plan import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.cli.findings import Finding
    from appliance.config.channels import ChannelUrl
    from appliance.config.model import Appliance

_SUBJECT = "notifications"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def notify_findings(appliance: Appliance, root: Path) -> Iterator[Finding]:
    """Look whether anybody would be told, and at the files that hold URLs; nothing is sent."""
    urls = tuple(_urls(appliance))
    if not urls:
        yield warning(_SUBJECT, "nobody is told when a backup fails", "set `notify` under [appliance], then try it")
        return
    yield fine(_SUBJECT, f"{count(len(urls), 'channel')}; `borgpull notify test` tries them")
    for name in sorted({url.file for url in urls if url.file}):
        place = places.notify_url_file(name)
        file = root / Path(place).relative_to(places.CONFIG)
        try:
            mode = file.stat().st_mode
        except OSError as error:
            yield bad(_SUBJECT, f"{place} cannot be seen: {error.strerror}", "write the URL into it")
            continue
        if mode & _OTHERS:
            yield bad(_SUBJECT, f"others may read {place} ({stat.filemode(mode)})", f"`chmod 600 {place}`")


def _urls(appliance: Appliance) -> Iterator[ChannelUrl]:
    yield from appliance.settings.notify
    for client in appliance.clients:
        yield from client.notify or ()
        if client.healthchecks:
            yield client.healthchecks
