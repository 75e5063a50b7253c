"""Members of an archive that an old Borg would write outside of where it extracts, and how it is kept from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.borg.exact import as_expression
from appliance.pull.restores.members import safe_parts
from appliance.pull.restores.placing import NO_SOURCE, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What Borg is told not to extract, by a pattern of it, and why."""

    path: str
    why: str
    pattern: str


def unsafe(entries: Iterable[dict[str, Any]]) -> list[LeftOut]:
    """Return the members that lead out of where they are extracted.

    An old Borg makes a file behind a link that the same archive brought before, and links to any file there is.
    """
    found: list[LeftOut] = []
    links: set[tuple[bytes, ...]] = set()
    seen: set[tuple[bytes, ...]] = set()
    for entry in entries:
        path, parts = entry["path"], safe_parts(entry["path"])
        own = (parts or (),) if entry["type"] == "d" else ()
        behind = next((up for up in (*_above(parts or ()), *own) if up in links), None)
        if parts is None or path.startswith("/"):
            found.append(_exactly(path, OUTSIDE))
        elif behind is not None:
            at = b"/".join(behind).decode("utf-8", "surrogateescape")
            found.append(_exactly(path, f"a link of the archive stands at {at}, and links are not followed"))
        elif entry["type"] == "-" and entry["source"] and safe_parts(entry["source"]) not in seen:
            found.append(_exactly(path, NO_SOURCE))
        elif entry["type"] == "l":
            links.add(parts)
        elif entry["type"] == "-":
            seen.add(parts)
    return found


def in_folders_of_odd_names(listed: Iterable[str]) -> list[LeftOut]:
    """Return what lies in folders whose names are not UTF-8, where there may be such: nobody can look at those before.

    Borg lists a byte that is not UTF-8 as a question mark.
    """
    odd = next((path for path in listed if "?" in path.rpartition("/")[0]), None)
    if odd is None:
        return []
    why = "what lies in folders whose names are not UTF-8 is not restored in place; take a new folder for it"
    return [LeftOut(path=odd, why=why, pattern=r"re:[\udc80-\udcff][^/]*/")]


def _exactly(path: str, why: str) -> LeftOut:
    # Only a regular expression is compared with a path as it lies in the archive: Borg tidies `..` out of the others.
    return LeftOut(path=path, why=why, pattern=as_expression(path))


def _above(parts: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], ...]:
    return tuple(parts[:depth] for depth in range(1, len(parts)))
