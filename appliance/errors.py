"""The few kinds of trouble the appliance reports, each a sentence for the operator and an exit code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(IntEnum):
    """Every way a command can end. docs/reference/exit-codes.md is generated from these names and notes."""

    def __new__(cls, value: int, note: str = "") -> Self:
        """Keep the note beside the number, so that the documentation cannot drift from the code."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.note = note
        return member

    note: str

    SUCCESS = 0, "Success. For `run`: an archive was made and nothing was left out."
    WARNING = 1, "Warning. For `run`: an archive was made, but some files could not be read; they are named."
    CONFIG = 2, "The command line or the configuration is wrong. Nothing was changed."
    FAILED = 3, "Failed. For `run`: no archive counts; the reason and what to do are printed."
    INTERRUPTED = 4, "Interrupted. For `run`: stopped or killed from outside; no archive counts."
    SKIPPED = 5, "Skipped. For `run`: nothing was tried, and the reason is printed."
    NOT_FOUND = 6, "No such client, archive, path, run or log."
    ENGINE = 7, "The container engine cannot be reached or refused the request."
    NO_SUPERVISOR = 8, "The supervisor is not running, so nothing can be asked of it."
    STATE = 9, "The journal or a volume of the appliance cannot be used."
    INTERNAL = 70, "A fault in Borgpull itself; a traceback is printed. Please report it."
    CANCELLED = 130, "Cancelled from the keyboard. A run that was being watched goes on."


class BorgpullError(Exception):
    """Expected trouble: the message is one sentence that says what is wrong and what to do."""

    exit_code = ExitCode.FAILED


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in the configuration: the file, the key path in it, and a sentence."""

    file: str
    key: str
    sentence: str

    def __str__(self) -> str:
        """Read as `file: key: sentence`, without the key where the whole file is meant."""
        return f"{self.file}: {self.key}: {self.sentence}" if self.key else f"{self.file}: {self.sentence}"


class ConfigError(BorgpullError):
    """The configuration does not hold; carries every problem at once."""

    exit_code = ExitCode.CONFIG

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in file and key order."""
        self.problems = tuple(sorted(problems))
        count = len(self.problems)
        heading = "1 problem in the configuration" if count == 1 else f"{count} problems in the configuration"
        super().__init__("\n".join([f"{heading}:", *(f"  {problem}" for problem in self.problems)]))


class NotFoundError(BorgpullError):
    """A client, archive, path or run that does not exist; the sentence offers the nearest names."""

    exit_code = ExitCode.NOT_FOUND


class EngineError(BorgpullError):
    """The container engine is unreachable or refused."""

    exit_code = ExitCode.ENGINE


class NameTakenError(EngineError):
    """A container of that name exists: the client's lock is held (the engine answers 409)."""


class DeviceMissingError(EngineError):
    """The engine has no such device to give to a container (/dev/fuse, nearly always)."""


class PortTakenError(EngineError):
    """Somebody else has the port of the engine's host that a container should be published at."""


class OutputLostError(EngineError):
    """The engine's log dropped a part of what a container printed before it was read."""


class SupervisorError(BorgpullError):
    """The supervisor is not there to answer."""

    exit_code = ExitCode.NO_SUPERVISOR


class StateError(BorgpullError):
    """The journal or a volume of the appliance cannot be used."""

    exit_code = ExitCode.STATE


class NotifyError(BorgpullError):
    """A notice could not be delivered; the sentence names the kind of channel and never its URL."""
