"""The ledger's copy beside the repositories: what it says, and what it changes in a journal that is older.

The escrow is as old as its last making; this copy is as old as the last good run. It lies where no client reaches, and
is sealed with a key of the configuration, so that who has nothing but the disk cannot write one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.plan import places
from appliance.record import ArchiveStats, LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = places.REPOSITORIES / ".borgpull-ledger"
# No client's name has an underscore.
KEY = PurePosixPath(places.CONFIG / "secrets" / "ledger_seal" / "key")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskLedger:
    """What a copy says: whose it is, of which repository, as of when, and which archives are good."""

    client: str
    repository_id: str
    written: datetime
    entries: tuple[LedgerEntry, ...]

    def to_json(self) -> str:
        """Write it, for the edge to seal."""
        fields = {
            "client": self.client,
            "repository_id": self.repository_id,
            "written": self.written.isoformat(),
            "archives": [
                {**asdict(entry.archive), "started": entry.archive.started.isoformat(), "run_id": entry.run_id}
                for entry in self.entries
            ],
        }
        return json.dumps(fields, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> DiskLedger:
        """Read one back whose seal holds; raises StateError when it cannot be understood."""
        try:
            found = json.loads(text)
            return cls(
                client=found["client"],
                repository_id=found["repository_id"],
                written=datetime.fromisoformat(found["written"]),
                entries=tuple(_entry(found["client"], dict(one)) for one in found["archives"]),
            )
        except (ValueError, TypeError, KeyError) as error:
            raise StateError(f"the ledger beside the repositories cannot be read ({error!r})") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Newer:
    """What a journal that is older has to learn from a copy: archives that came, and ids of those that went."""

    came: tuple[LedgerEntry, ...]
    gone: tuple[str, ...]


def newer(known: Sequence[LedgerEntry], on_disk: DiskLedger) -> Newer:
    """Compare the ledger of an older journal with the copy."""
    before = {entry.archive.id for entry in known}
    after = {entry.archive.id for entry in on_disk.entries}
    return Newer(
        came=tuple(entry for entry in on_disk.entries if entry.archive.id not in before),
        gone=tuple(entry.archive.id for entry in known if entry.archive.id not in after),
    )


def copy_place(client: str) -> PurePosixPath:
    """Where the copy of a client's ledger lies, as the supervisor sees it."""
    return FOLDER / f"{client}.json"


def _entry(client: str, fields: dict[str, object]) -> LedgerEntry:
    run_id = str(fields.pop("run_id"))
    started = datetime.fromisoformat(str(fields.pop("started")))
    return LedgerEntry(client=client, archive=ArchiveStats(**fields, started=started), run_id=run_id)  # type: ignore[arg-type]
