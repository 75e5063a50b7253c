"""What Borg's exit codes mean to us (BORG_EXIT_CODES=modern), as a table."""

from __future__ import annotations

from appliance.record import Reason

_ERRORS: dict[range, Reason] = {
    range(10, 14): Reason.REPOSITORY,
    range(14, 15): Reason.NO_SPACE,
    range(15, 17): Reason.REPOSITORY,
    range(17, 18): Reason.INTEGRITY,
    range(18, 20): Reason.REPOSITORY,
    range(20, 21): Reason.QUOTA,
    # 26 and 27: no manifest, or one that cannot be read; 30 to 32: an archive that is there already, or not at all.
    range(25, 33): Reason.REPOSITORY,
    range(40, 52): Reason.REPOSITORY,
    range(52, 53): Reason.PASSPHRASE,
    range(53, 60): Reason.REPOSITORY,
    # 60-64: cache newer, relocated, replayed: someone put back an older copy, or the security folder was lost.
    range(60, 65): Reason.REPLAY,
    range(70, 76): Reason.LOCK,
    range(80, 88): Reason.CONNECTION_LOST,
    range(90, 100): Reason.INTEGRITY,
}


def is_warning(code: int) -> bool:
    """Whether Borg finished, but not with everything (1 and 100 to 127)."""
    return code == 1 or 100 <= code <= 127  # noqa: PLR2004 - Borg's own range


def is_signal(code: int) -> bool:
    """Whether Borg was ended by a signal: 128 + n from Borg itself, or negative from the kernel."""
    return code < 0 or code > 128  # noqa: PLR2004 - the shell's convention, which Borg follows


def reason_of(code: int) -> Reason:
    """Name the reason for an exit code that is an error."""
    return next((reason for codes, reason in _ERRORS.items() if code in codes), Reason.INTERNAL)
