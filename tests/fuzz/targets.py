"""What is fuzzed, by name: each takes any bytes, and whatever it raises is a finding."""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz import listings, sftp

Target = Callable[[bytes], None]

TARGETS: dict[str, Target] = {
    "listing": listings.listing,
    "columns": listings.columns,
    "stat-line": listings.stat_line,
    "tail": listings.tail,
    "attributes": listings.attributes,
    "holes": listings.told_holes,
    "said": listings.said,
    "reply": sftp.reply,
    "folders": sftp.folders,
    "stream": sftp.stream,
    "fetching": sftp.fetching,
}
