"""What `borgpull doctor` finds, as values, as JSON and as lines for a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from appliance.cli.readable import count, safe_lines
from appliance.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType


class Level(IntEnum):
    """How bad a finding is."""

    OK = 0
    WARNING = 1
    BAD = 2


_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.BAD: "bold red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `advice` says what to do, unless the sentence says it already.

    `code` is what the doctor ends with when nothing is worse.
    """

    level: Level
    subject: str
    sentence: str
    advice: str = ""
    code: ExitCode = ExitCode.SUCCESS

    def to_json(self) -> dict[str, Any]:
        """Give it to programs."""
        return {
            "level": self.level.name.lower(),
            "subject": self.subject,
            "sentence": self.sentence,
            "advice": self.advice,
            "exit_code": int(self.code),
        }


def fine(subject: str, sentence: str) -> Finding:
    """All is well here."""
    return Finding(level=Level.OK, subject=subject, sentence=sentence)


def warning(subject: str, sentence: str, advice: str) -> Finding:
    """It works, and should be looked at."""
    return Finding(level=Level.WARNING, subject=subject, sentence=sentence, advice=advice, code=ExitCode.WARNING)


def bad(subject: str, sentence: str, advice: str, code: ExitCode = ExitCode.FAILED) -> Finding:
    """It does not work."""
    return Finding(level=Level.BAD, subject=subject, sentence=sentence, advice=advice, code=code)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Put bad before warnings before the rest, and of each the cause before what follows from it: as it was found."""
    return tuple(sorted(findings, key=lambda finding: -finding.level))


def exit_code(findings: Sequence[Finding]) -> ExitCode:
    """Return the exit code of the first of the worst findings."""
    return next((finding.code for finding in worst_first(findings)), ExitCode.SUCCESS)


def findings_page(findings: Sequence[Finding]) -> RenderableType:
    """Lay them out, what is wrong in the first line, and sum them up at the end."""
    parts: list[RenderableType] = [] if _is_trouble(findings) else [_summary(findings)]
    for finding in worst_first(findings):
        line = Text.assemble(
            (f"{finding.level.name.lower():8}", _COLOURS[finding.level]),
            (f"{finding.subject}: ", "bold"),
            safe_lines(finding.sentence),
        )
        parts.append(line)
        if finding.advice:
            parts.append(Text(f"        -> {safe_lines(finding.advice)}"))
    if _is_trouble(findings):
        parts.append(_summary(findings))
    return Group(*parts)


def findings_text(findings: Sequence[Finding]) -> str:
    """Write the same page as plain text."""
    lines = [str(_summary(findings))]
    for finding in worst_first(findings):
        lines.append(f"{finding.level.name.lower():8}{finding.subject}: {safe_lines(finding.sentence)}")
        lines += [f"        -> {safe_lines(finding.advice)}"] if finding.advice else []
    return "\n".join([*lines, ""])


def _is_trouble(findings: Sequence[Finding]) -> bool:
    return any(finding.level is not Level.OK for finding in findings)


def _summary(findings: Sequence[Finding]) -> Text:
    number = {level: sum(finding.level is level for finding in findings) for level in Level}
    if not _is_trouble(findings):
        return Text(f"Everything is fine: {count(number[Level.OK], 'thing')} looked at.", style="green")
    style = _COLOURS[Level.BAD if number[Level.BAD] else Level.WARNING]
    return Text(f"{number[Level.BAD]} bad, {count(number[Level.WARNING], 'warning')}.", style=style)
