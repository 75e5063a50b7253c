"""HTML and SVG, piece by piece: whatever is not a piece made here is text, and is escaped."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from appliance.cli.readable import safe_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

# Elements that have no end tag in HTML.
_VOID = frozenset({"meta"})


class Markup(str):
    """Text that is markup already. Only this module makes it."""

    __slots__ = ()


def text(words: str) -> Markup:
    """Escape text that anybody may have chosen, its control characters too, which no XML may hold; lines stay lines."""
    return Markup(html.escape(safe_lines(words)))


def element(name: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """Make an element; `class_` stands for `class`, `_` in a name for `-`; an attribute that is None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(number(value) if isinstance(value, float) else str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{together(children)}</{name}>")


def together(pieces: Iterable[str]) -> Markup:
    """Put pieces one after the other; what is no markup is escaped."""
    return Markup("".join(piece if isinstance(piece, Markup) else text(piece) for piece in pieces))


def rules(sheet: str) -> Markup:
    """Take a style sheet of ours as it is: browsers read no escapes in it."""
    return Markup(f"<style>{sheet}</style>")


def document(*children: str) -> Markup:
    """Make a whole page in English."""
    return Markup(f"<!DOCTYPE html>\n{element('html', *children, lang='en')}\n")


def number(value: float) -> str:
    """Write a coordinate, short: a tenth is less than a dot on any screen."""
    return f"{value:.1f}".removesuffix(".0")
