"""Values as a tired person reads them: ages, sizes, times, and a client's text without its control characters."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo

    from rich.console import Console, RenderableType

_KIBI = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
# A sentence stays one line in a pipe, so that it can be searched for.
_PIPE_WIDTH = 1000


def age(span: timedelta | None) -> str:
    """Say a span in its two largest units that matter: `45 s`, `12 min`, `5 h 20 min`, `3 d 4 h`; empty for None."""
    if span is None:
        return ""
    seconds = max(0, int(span.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes == 0:
        return f"{seconds} s"
    if hours == 0:
        return f"{minutes} min"
    if days == 0:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"


def ago(moment: datetime | None, now: datetime, *, never: str = "never") -> str:
    """Say how long ago that was."""
    return never if moment is None else f"{age(now - moment)} ago"


def until(moment: datetime | None, now: datetime) -> str:
    """Say in how long that will be; `now` when it is due, a dash when it is not known."""
    if moment is None:
        return "-"
    return "now" if moment <= now + timedelta(seconds=1) else f"in {age(moment - now)}"


def size(count: int | None) -> str:
    """Say bytes in the binary unit that keeps the number short: `999 B`, `1.5 KiB`, `12.3 GiB`; a dash for None."""
    if count is None:
        return "-"
    amount, unit = float(count), _UNITS[0]
    for unit in _UNITS:
        if amount < _KIBI or unit == _UNITS[-1]:
            break
        amount /= _KIBI
    return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"


def moment(when: datetime | None, zone: tzinfo) -> str:
    """Say a time to the second in the appliance's time zone; a dash for None."""
    return "-" if when is None else when.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def safe(text: str) -> str:
    """Neutralise text that a client chose: escapes, control characters and undecodable bytes become visible.

    A file name must not be able to move the cursor, change colours or forge a line of our own output.
    """
    return "".join(character if _is_harmless(character) else _escaped(character) for character in text)


def safe_lines(text: str) -> str:
    """Neutralise a text of several lines, and keep its lines."""
    return "\n".join(safe(line) for line in text.splitlines())


def _is_harmless(character: str) -> bool:
    return character.isprintable()


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - the range of Python's surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - the last code of one byte


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Offer the nearest known names, as the end of a sentence; empty when nothing is near."""
    # Names are seldom mistyped.
    import difflib  # noqa: PLC0415

    near = difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(repr(one) for one in near)}?" if near else ""


def as_json(value: Any) -> str:
    """Write a value for programs: ASCII only, so that file names of any encoding arrive and no escape is obeyed."""
    return json.dumps(value, indent=2)


def say_json(value: Any) -> None:
    """Print a value for programs on standard output."""
    click.echo(as_json(value))


def screen(*, error: bool = False) -> Console:
    """Return the terminal, or a wide page when the output goes into a pipe. Honours NO_COLOR, obeys no markup."""
    # Not for what is printed as JSON.
    from rich.console import Console  # noqa: PLC0415

    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def show(page: RenderableType) -> None:
    """Print a page on standard output; into a pipe without the spaces that fill a table's last column."""
    console = screen()
    if console.is_terminal:
        console.print(page)
        return
    with console.capture() as captured:
        console.print(page)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def count(number: int, noun: str) -> str:
    """Say how many: `1 client`, `2 clients`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def iso(when: datetime | None) -> str | None:
    """Write a time for programs."""
    return None if when is None else when.isoformat()
