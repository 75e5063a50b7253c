"""What a restore brought, whichever way it went."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Counts, `size` in bytes; `warnings` are the first few of `warning_count`, `code` is Borg's."""

    files: int = 0
    size: int = 0
    warnings: tuple[str, ...] = ()
    warning_count: int = 0
    code: int = 0
