"""What `borgpull doctor` finds, as values, as JSON and as lines for a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from appliance.cli.readable import safe_lines
from appliance.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType


class Level(IntEnum):
    """How bad a finding is."""

    OK = 0
    WARNING = 1
    BAD = 2


_EXIT_CODES = {Level.OK: ExitCode.SUCCESS, Level.WARNING: ExitCode.WARNING, Level.BAD: ExitCode.FAILED}
_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.BAD: "bold red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `advice` says what to do, unless the sentence says it already."""

    level: Level
    subject: str
    sentence: str
    advice: str = ""

    def to_json(self) -> dict[str, Any]:
        """Give it to programs."""
        return {
            "level": self.level.name.lower(),
            "subject": self.subject,
            "sentence": self.sentence,
            "advice": self.advice,
        }


def fine(subject: str, sentence: str) -> Finding:
    """All is well here."""
    return Finding(level=Level.OK, subject=subject, sentence=sentence)


def warning(subject: str, sentence: str, advice: str) -> Finding:
    """It works, and should be looked at."""
    return Finding(level=Level.WARNING, subject=subject, sentence=sentence, advice=advice)


def bad(subject: str, sentence: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(level=Level.BAD, subject=subject, sentence=sentence, advice=advice)


def exit_code(findings: Sequence[Finding]) -> ExitCode:
    """Return the exit code of the worst finding."""
    return _EXIT_CODES[max((finding.level for finding in findings), default=Level.OK)]


def findings_page(findings: Sequence[Finding]) -> RenderableType:
    """Lay them out in the order they were made, and sum them up at the end."""
    parts: list[RenderableType] = []
    for finding in findings:
        line = Text.assemble(
            (f"{finding.level.name.lower():8}", _COLOURS[finding.level]),
            (f"{finding.subject}: ", "bold"),
            safe_lines(finding.sentence),
        )
        parts.append(line)
        if finding.advice:
            parts.append(Text(f"        -> {safe_lines(finding.advice)}"))
    parts.append(_summary(findings))
    return Group(*parts)


def _summary(findings: Sequence[Finding]) -> Text:
    count = {level: sum(finding.level is level for finding in findings) for level in Level}
    if not count[Level.BAD] and not count[Level.WARNING]:
        return Text("Everything is fine.", style="green")
    warnings = "1 warning" if count[Level.WARNING] == 1 else f"{count[Level.WARNING]} warnings"
    return Text(
        f"{count[Level.BAD]} bad, {warnings}.", style=_COLOURS[Level.BAD if count[Level.BAD] else Level.WARNING]
    )
