"""The archives and files of a repository as values, as JSON and as lines for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from appliance.cli.readable import iso, moment, safe, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, tzinfo

    from rich.console import RenderableType

    from appliance.record import ArchiveStats, LedgerEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenArchive:
    """An archive as repository and ledger know it; `stats` is None where the ledger does not know it."""

    name: str
    id: str
    started: datetime
    in_repository: bool
    stats: ArchiveStats | None

    @property
    def is_missing(self) -> bool:
        """Whether the ledger vouches for it and the repository does not have it."""
        return not self.in_repository

    def to_json(self) -> dict[str, Any]:
        """Give it to programs; sizes in bytes, None where only the ledger would know."""
        return {
            "name": self.name,
            "id": self.id,
            "started": iso(self.started),
            "in_repository": self.in_repository,
            "in_ledger": self.stats is not None,
            "original_size": self.stats.original_size if self.stats else None,
            "compressed_size": self.stats.compressed_size if self.stats else None,
            "deduplicated_size": self.stats.deduplicated_size if self.stats else None,
            "files": self.stats.files if self.stats else None,
        }


def joined(listed: Iterable[tuple[str, str, datetime]], ledger: Sequence[LedgerEntry]) -> tuple[SeenArchive, ...]:
    """Join what stands in the repository (name, id, start) with what the ledger vouches for, oldest first.

    An archive is the same only when its id is: another one under a known name is a stranger, and the known one is gone.
    """
    vouched = {entry.archive.id: entry.archive for entry in ledger}
    seen = [
        SeenArchive(name=name, id=one, started=started, in_repository=True, stats=vouched.pop(one, None))
        for name, one, started in listed
    ]
    gone = [
        SeenArchive(name=stats.name, id=stats.id, started=stats.started, in_repository=False, stats=stats)
        for stats in vouched.values()
    ]
    return tuple(sorted([*seen, *gone], key=lambda archive: (archive.started, archive.name)))


def archives_page(archives: Sequence[SeenArchive], zone: tzinfo) -> RenderableType:
    """Lay out the archives; what is missing comes first and loud."""
    if not archives:
        return Text("No archives yet. `borgpull run NAME` makes the first one.")
    missing = [archive for archive in archives if archive.is_missing]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("ARCHIVE", "STARTED"):
        table.add_column(heading, no_wrap=True)
    for heading in ("FILES", "SIZE", "NEW"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for archive in archives:
        stats = archive.stats
        table.add_row(
            safe(archive.name),
            moment(archive.started, zone),
            str(stats.files) if stats else "-",
            size(stats.original_size if stats else None),
            size(stats.deduplicated_size if stats else None),
            _remark(archive),
        )
    return Group(*_alarm(missing), table)


def _alarm(missing: Sequence[SeenArchive]) -> list[RenderableType]:
    if not missing:
        return []
    count = "1 archive is" if len(missing) == 1 else f"{len(missing)} archives are"
    sentence = (
        f"! {count} in the ledger and MISSING from the repository. Borgpull did not delete it: "
        "`borgpull repair NAME` shows since when, and can bring it back."
    )
    return [Text(sentence, style="bold red")]


def _remark(archive: SeenArchive) -> Text:
    if archive.is_missing:
        return Text("MISSING from the repository", style="bold red")
    if archive.stats is None:
        return Text("not in the ledger", style="yellow")
    return Text("")


def file_line(item: Mapping[str, Any]) -> str:
    """Write one file of an archive as `ls -l` would."""
    link = item.get("target") or ""
    target = f" -> {safe(str(link))}" if link and str(item.get("mode", "")).startswith("l") else ""
    owner = safe(f"{item.get('user') or item.get('uid', '')} {item.get('group') or item.get('gid', '')}")
    when = str(item.get("mtime") or item.get("isomtime") or "")[:19].replace("T", " ")
    path = safe(str(item["path"]))
    return f"{item.get('mode', ''):10} {owner:17} {size(int(item.get('size') or 0)):>10} {safe(when):19} {path}{target}"
