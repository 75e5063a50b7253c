"""A client that suddenly changes most of its data may be under encryption: then nothing old is pruned away."""

from __future__ import annotations

from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING

from appliance.plan.gates import Refusal
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.config.model import Client
    from appliance.record import ArchiveStats, LedgerEntry

# A burst adds so many times the median of the archives before it, and not less than so much.
TIMES_THE_MEDIAN = 10
LEAST_BYTES = 50_000_000
# Against how many archives it is compared, and how many there must be to know what is usual.
_COMPARED = 14
_KNOWN_BY_THEN = 3
_MIB = 1 << 20


def accepted_fact(client: str) -> str:
    """Name the fact that says up to which moment the operator has accepted what changed."""
    return f"change_accepted:{client}"


def acceptance(ledger: Sequence[LedgerEntry], now: datetime) -> tuple[datetime, str]:
    """Return up to when what the ledger holds is accepted, and the text of the fact that says so.

    What comes after this word is judged anew, so it never reaches beyond now: an archive that is dated ahead, by a
    clock that was wrong, is accepted by its id.
    """
    until = max((entry.archive.started for entry in ledger if entry.archive.started <= now), default=now)
    ahead = (entry.archive.id for entry in ledger if entry.archive.started > now)
    return until, " ".join((until.isoformat(), *ahead))


def change_gate(client: Client, ledger: Sequence[LedgerEntry], accepted: str | None) -> Refusal | None:
    """Refuse to prune while the ledger, oldest first, holds an archive in which too much changed at once.

    `accepted` is the fact of `accepted_fact`: what was archived until then has been looked at. The refusal stands until
    the operator accepts, and not only until the next archive: after an encryption nothing changes any more.
    """
    until, *named = accepted.split() if accepted else ("",)
    since = datetime.fromisoformat(until) if until else None
    measured = [entry.archive for entry in ledger if entry.archive.original_size]
    for at, archive in enumerate(measured):
        if (since is not None and archive.started <= since) or archive.id in named:
            continue
        # The first archive of a client is all new, and says nothing of what is usual.
        before = measured[max(1, at - _COMPARED) : at]
        if len(before) >= _KNOWN_BY_THEN and _is_burst(client, archive, before):
            return Refusal(reason=Reason.CHANGE_BURST, sentence=_sentence(client.name, archive, before))
    return None


def _is_burst(client: Client, archive: ArchiveStats, before: Sequence[ArchiveStats]) -> bool:
    added = archive.deduplicated_size
    usual = median(one.deduplicated_size for one in before)
    return (
        client.max_change < 1
        and added >= LEAST_BYTES
        and added > TIMES_THE_MEDIAN * usual
        and added > client.max_change * archive.compressed_size
    )


def _sentence(client: str, archive: ArchiveStats, before: Sequence[ArchiveStats]) -> str:
    usual = median(one.deduplicated_size for one in before)
    share = archive.deduplicated_size / max(archive.compressed_size, 1)
    return (
        f"{client} changed {share:.0%} of its data at once: {archive.name} added "
        f"{archive.deduplicated_size / _MIB:.0f} MiB, where {usual / _MIB:.0f} MiB are usual. If nobody knows why, "
        "malware may be encrypting the machine. The archives before are good, and prune is held so that they stay. "
        f"If it is right, `borgpull alarms --accept-change {client}`."
    )
