"""What a client is asked to list: the paths of the plan and what leads to them, without what Borg leaves out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Letters that make more of an exclude than a path, for Borg's own style and for find's.
_SPECIAL = re.compile(r"[*?\[\]\\\n]")
_STYLE = re.compile(r"[a-z]{2}:")


@dataclass(frozen=True, slots=True)
class Item:
    """A path to list: all below it, or only itself since it leads to another one."""

    path: bytes
    whole: bool


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be listed, parents first, and which folders to leave out with all below them."""

    items: tuple[Item, ...]
    prunes: tuple[bytes, ...] = ()

    def to_bytes(self) -> bytes:
        """Write it for the program: a line for each."""
        lines = [b"prune " + re.sub(rb"([*?\[\]\\])", rb"\\\1", path) for path in self.prunes]
        for number, item in enumerate(self.items):
            lines.append(b"%s %d %s" % (b"all" if item.whole else b"one", number, item.path))
        return b"\n".join([*lines, b"go", b""])


def request_for(paths: Iterable[str], excludes: Iterable[str] = (), *, needed: Iterable[str] = ()) -> Request:
    """Ask for these paths (absolute) as `borg create` is given them, with these excludes in Borg's own words.

    `needed` are files that have to be there for another reason, whatever is excluded.
    """
    needs = {_path(path) for path in needed}
    wanted = {_path(path) for path in paths} | needs
    whole = {path for path in wanted if not any(above in wanted for above in _above(path))}
    leading = {above for path in whole for above in _above(path)}
    items = [Item(path=path, whole=path in whole) for path in whole | leading]
    # A folder comes before all below it, and what is below it before anything else.
    items.sort(key=lambda item: item.path.split(b"/") if item.path != b"/" else [])
    return Request(
        items=tuple(items), prunes=tuple(sorted({*_prunes(excludes)} - leading - whole - _with_above(needs)))
    )


def _prunes(excludes: Iterable[str]) -> Iterable[bytes]:
    for exclude in excludes:
        style, pattern = (exclude[:2], exclude[3:]) if _STYLE.match(exclude) else ("fm", exclude)
        # Borg takes a slash at the end for "all below, and not itself"; a full match is of one path alone.
        if style in ("pp", "fm") and not _SPECIAL.search(pattern) and not (style == "fm" and pattern.endswith("/")):
            path = _path(pattern)
            if path != b"/":
                yield path


def _with_above(paths: Iterable[bytes]) -> set[bytes]:
    return {one for path in paths for one in (path, *_above(path))}


def _above(path: bytes) -> tuple[bytes, ...]:
    names = path.split(b"/")[1:] if path != b"/" else []
    return (b"/", *(b"/" + b"/".join(names[:count]) for count in range(1, len(names)))) if names else ()


def _path(path: str) -> bytes:
    names = [name for name in path.split("/") if name not in ("", ".")]
    return b"/" + "/".join(names).encode("utf-8", "surrogateescape")
