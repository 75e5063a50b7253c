"""The second half of a drill: what has not changed since the archive is the same on the client, byte for byte."""

from __future__ import annotations

import json
import select
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.plan import places
from appliance.plan.events import Result
from appliance.pull import link
from appliance.pull.drills.client_files import client_files
from appliance.pull.failure import Failure, stopped
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.drills.client_files import ClientFiles
    from appliance.pull.ends import Ends
    from appliance.pull.voice import Voice

_NAMED = 100
_MICROSECONDS = 1_000_000
_FROM_OUTSIDE = (Reason.STOPPED, Reason.KILLED, Reason.TIMEOUT, Reason.STALLED)


@dataclass
class Compared:
    """How many were the same, had changed since or may not be read by this key.

    `broken` could not be read although it may be, `other` differs and should not.
    """

    same: int = 0
    changed: int = 0
    forbidden: int = 0
    broken: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)


def spot(plan: RunPlan, ends: Ends, voice: Voice) -> Result:
    """Compare the sample that the first half left with the client; raises Failure where something should not differ.

    A client that cannot be reached takes nothing from what was restored, but a drill without it is no whole one.
    """
    told = json.loads(Path(places.SAMPLE).read_text("ascii"))

    def go_on(number: int, path: str) -> None:
        _insist_going_on(ends)
        voice.progress(files=number, original_size=0, deduplicated_size=0, path=path)

    voice.step("connect")
    try:
        with client_files(plan, ends.control.beat) as files:
            voice.step("compare")
            compared = compare(files, told["files"], go_on)
    except Failure as failure:
        if failure.reason in _FROM_OUTSIDE:
            raise
        return _as_bad_as_before(_not_reached(told["message"], failure), told.get("reason"))
    return _as_bad_as_before(judged(plan.client, told["message"], compared), told.get("reason"))


def compare(files: ClientFiles, entries: Iterable[dict[str, Any]], go_on: Callable[[int, str], object]) -> Compared:
    """Compare each entry of the sample with what is there; `go_on` is called after each, with number and path."""
    compared = Compared()
    for number, entry in enumerate(entries, start=1):
        _compare(files, entry, compared)
        go_on(number, str(entry["path"]))
    return compared


def _compare(files: ClientFiles, entry: dict[str, Any], compared: Compared) -> None:
    path, size = str(entry["path"]), int(entry["size"] or 0)
    try:
        if not _has_stayed(files, entry):
            compared.changed += 1
            return
        if entry["type"] == "l":
            # A link is made anew with every change, and its time says so.
            is_same = files.link(path) == entry["source"]
        else:
            is_same = files.digest(path, size) == entry["sha256"]
        if is_same:
            compared.same += 1
        elif _has_stayed(files, entry):
            compared.other.append(path)
        else:
            compared.changed += 1
    except FileNotFoundError:
        compared.changed += 1
    except TimeoutError:
        # An OSError too, but of the connection.
        raise
    except PermissionError:
        compared.forbidden += 1
    except OSError as error:
        compared.broken.append(f"{path}: cannot be read on the client ({error.strerror or error})")


def _insist_going_on(ends: Ends) -> None:
    """Fail where the root half says stop, which nobody else hears while files are read."""
    ends.control.beat()
    if select.select([ends.control], [], [], 0)[0]:
        said = ends.control.hear()
        if said is None or said.word == link.STOP:
            raise stopped(said.note if said else Reason.KILLED)


def _has_stayed(files: ClientFiles, entry: dict[str, Any]) -> bool:
    """Whether kind, size and time, to the second, are those of the archive."""
    seen = files.look(str(entry["path"]))
    is_like_it = seen.kind == entry["type"] and seen.mtime == int(entry["mtime"]) // _MICROSECONDS
    return is_like_it and (entry["type"] == "l" or seen.size == entry["size"])


def judged(client: str, message: str, compared: Compared) -> Result:
    """Say how the drill ended; `message` is what its first half said. Raises Failure at a mismatch."""
    if compared.other:
        count = len(compared.other)
        raise Failure(
            Reason.MISMATCH,
            f"{message} But {count} of them differ from what {client} has now, although size and time are the "
            f"same; the first is {compared.other[0]}. Either a disk or a transfer is at fault, or a program there "
            "changes files and sets their times back.",
            warnings=tuple(f"{path}: differs from the client's" for path in compared.other[:_NAMED]),
            count=count,
        )
    rest = f" {compared.changed} have changed or gone since." if compared.changed else ""
    unread = f" {compared.forbidden} may not be read there by this key." if compared.forbidden else ""
    same = f" {compared.same} files and links are the same on {client} now."
    if compared == Compared():
        same = f" There was no file or link in it to compare with {client}."
    said = f"{message}{same}{rest}{unread}"
    if not compared.broken:
        return Result(outcome=Outcome.SUCCESS, message=said)
    count, first = len(compared.broken), compared.broken[0]
    return Result(
        outcome=Outcome.WARNING,
        reason=Reason.UNREADABLE,
        message=f"{said} {count} could not be read there, the first is {first}. Look at the client's disk.",
        warnings=tuple(compared.broken[:_NAMED]),
        warning_count=count,
    )


def _as_bad_as_before(end: Result, reason: str | None) -> Result:
    """Let no success of this half hide that the first one ended as a warning for that reason."""
    if reason is None or end.outcome is not Outcome.SUCCESS:
        return end
    return replace(end, outcome=Outcome.WARNING, reason=Reason(reason))


def _not_reached(message: str, failure: Failure) -> Result:
    sentence = f"{message} Nothing was compared with the client: {failure.message}"
    if failure.reason is Reason.NO_SFTP:
        # As good as it gets with this client, for ever: no news, so no warning.
        return Result(outcome=Outcome.SUCCESS, message=sentence)
    return Result(outcome=Outcome.WARNING, reason=failure.reason, message=sentence)
