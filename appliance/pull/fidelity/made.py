"""What of the test tree could be made on the client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONG = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """The keys of the specimens that were made, why the others were not, and what the client says of its own."""

    made: frozenset[str]
    why_not: Mapping[str, str]
    values: Mapping[str, str]

    @classmethod
    def from_said(cls, said: Mapping[str, str]) -> Planted:
        """Read what the script said."""
        return cls(
            made=frozenset(key.removeprefix("made.") for key in said if key.startswith("made.")),
            why_not={key.removeprefix("why."): _short(why) for key, why in said.items() if key.startswith("why.")},
            values={key.removeprefix("value."): value for key, value in said.items() if key.startswith("value.")},
        )


def _short(why: str) -> str:
    """Shorten a tool's complaint to its end where it names a long path first."""
    return (why.rpartition(": ")[2] if len(why) > _LONG else why) or "it did not work there"
