"""What the doctor says of a client whose files could not be listed in one stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.cli.findings import Finding, Level, warning
from appliance.cli.listing_words import WITHOUT
from appliance.cli.present_reader import READER
from appliance.config.model import Listing, SshfsClient
from appliance.record import BY_SFTP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.cli.surroundings import Store
    from appliance.config.model import Client
    from appliance.record import RunRecord

# So many runs tell how the files were listed before.
_RECENT = 100
_PASTE = "paste the key's line that `borgpull client setup {}` prints, in place of the older one"


def listing_findings(client: Client, last: RunRecord | None, store: Store) -> Iterator[Finding]:
    """Look at `last`, the last good run, of a client that is to be listed where it can be.

    It is a warning only where the machine was listed before, since then it can be. A machine without a shell has
    nothing better than SFTP, and need not be told so by a warning every day.
    """
    if not isinstance(client, SshfsClient) or client.listing is not Listing.AUTO or not _can_be_asked(client):
        return
    if last is None or last.listed_by != BY_SFTP:
        return
    subject, paste = f"client {client.name}", _PASTE.format(client.name)
    recent = store.history(client.name, limit=_RECENT)
    before = next((run for run in recent if run.listed_by not in (None, BY_SFTP)), None)
    if before is not None:
        sentence = (
            f"its files are listed by SFTP, {WITHOUT}; on {before.started:%Y-%m-%d} {before.listed_by} listed them"
        )
        yield warning(subject, sentence, f"{paste}; `borgpull client probe {client.name}` then says what lists them")
    else:
        sentence = f"its files are listed by SFTP, {WITHOUT}"
        yield Finding(level=Level.OK, subject=subject, sentence=sentence, advice=f"{paste}, if it has a shell")


def _can_be_asked(client: SshfsClient) -> bool:
    """Whether another line could change anything: a key for hooks runs all already, the reader's recipe is SFTP."""
    return client.user != READER and not (client.before or client.after)
