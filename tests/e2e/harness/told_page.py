"""A page that tells what to type and what is then seen: its blocks, and whether what was seen is what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LEFT_OUT = "…"
_BLOCK = re.compile(
    r"^```sh\n# (?P<where>[^\n]+)\n(?P<lines>.*?)^```\n"
    r"(?:\s*(?:<!-- typed: (?P<typed>.*?) -->\n)?```text\n(?P<seen>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
# What differs from one run to the next, and what a page says of it all the same.
_PLACEHOLDERS = (
    (re.compile(r"SHA256:[\w+/]{43}"), "FINGERPRINT"),
    (re.compile(r"AAAA[\w+/=]{40,}"), "KEY"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d"), "TIME"),
    (re.compile(r"\d+(?:\.\d+)? (?:B|KiB|MiB|GiB|TiB)\b"), "SIZE"),
    (re.compile(r"\b\d+ (?:files|users|groups|min|h|s|d)\b"), "NUMBER"),
    (re.compile(r"(?<= )\d+(?= +SIZE)"), "NUMBER"),
    (re.compile(r"\b[0-9a-f]{8,}\b"), "ID"),
    (re.compile(r"(?: \d+|\s)+$"), ""),
    (re.compile(r"[ \t]+"), " "),
)


@dataclass(frozen=True, slots=True)
class Told:
    """One block: where its lines are typed, what is answered, and what is seen (None: the page does not say)."""

    where: str
    lines: tuple[str, ...]
    typed: tuple[str, ...]
    seen: tuple[str, ...] | None

    def answers(self) -> list[tuple[str, str]]:
        """Pair each answer with the question before it, as it stands in what is seen; a hidden one is not seen."""
        paired: list[tuple[str, str]] = []
        ahead = list(self.seen or ())
        for answer in self.typed:
            shown = [line for line in ahead if line.endswith(f": {answer}")]
            line = (shown or [line for line in ahead if line.endswith(":")])[0]
            del ahead[: ahead.index(line) + 1]
            paired.append((line.removesuffix(f" {answer}"), answer))
        return paired


def blocks(page: str) -> list[Told]:
    """Return every block of a page that begins with a comment which says where it is typed, in order."""
    return [
        Told(
            where=found["where"],
            lines=tuple(found["lines"].splitlines()),
            typed=tuple(found["typed"].split(" | ")) if found["typed"] else (),
            seen=None if found["seen"] is None else tuple(found["seen"].splitlines()),
        )
        for found in _BLOCK.finditer(page)
    ]


def differs(told: Sequence[str], seen: Iterable[str]) -> str:
    """Say where what was seen is not what a page tells; "" when it is. A line `…` stands for any number of lines."""
    left = [_alike(line) for line in seen if line.strip()]
    gap = False
    for line in (line for line in told if line.strip()):
        if line.strip() == LEFT_OUT:
            gap = True
            continue
        places = [place for place, other in enumerate(left) if _same(_alike(line), other)]
        if not places or (places[0] and not gap):
            return f"told: {_alike(line)!r}\nseen: {left[:1] if not gap else left}"
        del left[: places[0] + 1]
        gap = False
    return "" if gap or not left else f"not told: {left}"


def _alike(line: str) -> str:
    for what, name in _PLACEHOLDERS:
        line = what.sub(name, line)
    return line


def _same(told: str, seen: str) -> bool:
    """Whether two lines are the same, but for where the told one has `…`."""
    pieces = [re.escape(piece) for piece in told.split(LEFT_OUT)]
    return re.fullmatch(".*".join(pieces), seen) is not None
