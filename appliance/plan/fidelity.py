"""The fidelity card: what a method brings back of each kind of thing that a client can hold, found out by trying."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Where the test tree goes unless the operator names another place: on a disk, and for everybody to write.
PARENT = "/var/tmp"  # noqa: S108 - a folder on the client; the tree in it gets a name that nobody can foresee


class Trait(StrEnum):
    """What a file can have that a backup may lose."""

    CONTENTS = "contents"
    EMPTY_FOLDERS = "empty folders"
    NAMES = "odd names"
    SYMBOLIC_LINKS = "symbolic links"
    HARD_LINKS = "hard links"
    MODES = "modes"
    OWNERS = "owners by number"
    OWNER_NAMES = "owners by name"
    TIMES = "times of change"
    NANOSECONDS = "times below the second"
    CHANGE_TIMES = "ctime"
    # Borg makes a hole again where a whole chunk of up to 8 MiB is zeros, whatever it was read from.
    HOLES = "large holes"
    ATTRIBUTES = "extended attributes"
    ACLS = "ACLs"
    FLAGS = "file flags"
    FIFOS = "fifos"
    SOCKETS = "sockets"
    CHARACTER_DEVICES = "character devices"
    BLOCK_DEVICES = "block devices"
    DEVICE_NUMBERS = "device numbers"


class Found(StrEnum):
    """What became of a trait. What could not be made on the client was not tried, and is never called kept."""

    KEPT = "kept"
    LOST = "lost"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One trait: what became of it, in words what exactly was lost or not tried, and what the method claims of it."""

    trait: Trait
    found: Found
    note: str = ""
    claimed_lost: bool = False

    @property
    def is_surprise(self) -> bool:
        """Whether something got lost that the method should carry."""
        return self.found is Found.LOST and not self.claimed_lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What one method keeps and loses on one client, at that moment. `warnings` are those of the pull."""

    client: str
    method: str
    names: str
    taken: datetime
    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = ()

    def count(self, found: Found) -> int:
        """Say how many traits ended so."""
        return sum(row.found is found for row in self.rows)

    @property
    def summary(self) -> str:
        """The card in one line."""
        return ", ".join(f"{self.count(found)} {found}" for found in Found)

    @property
    def surprises(self) -> tuple[Row, ...]:
        """What got lost although the method should carry it."""
        return tuple(row for row in self.rows if row.is_surprise)

    def to_json(self) -> dict[str, Any]:
        """Give the card to programs."""
        rows = [asdict(row) for row in self.rows]
        return {**asdict(self), "taken": self.taken.isoformat(), "rows": rows, "warnings": list(self.warnings)}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Card:
        """Read one back; raises KeyError, TypeError and ValueError where it is none."""
        rows = tuple(
            Row(**{**row, "trait": Trait(row["trait"]), "found": Found(row["found"])}) for row in fields["rows"]
        )
        taken = datetime.fromisoformat(fields["taken"])
        return cls(**{**fields, "rows": rows, "taken": taken, "warnings": tuple(fields["warnings"])})
