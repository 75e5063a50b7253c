"""Waiting for the client's listing: what the file system's process says until the first file can be read."""

from __future__ import annotations

import os
import selectors
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.pull import link
from appliance.pull.failure import Failure, stopped
from appliance.pull.pullfs import words
from appliance.record import BY_SFTP, Reason

if TYPE_CHECKING:
    from appliance.pull.ends import Ends
    from appliance.pull.voice import Voice

_CHUNK = 1 << 16
# Of a line, and of what ssh says beside it: it may be the client's text.
_LONGEST = 4096
_KNOWN_REASONS = {reason.value: reason for reason in Reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What came of it. `shown` is what the mount shows beyond SFTP: TRUE_INODES, ACLS, XATTRS.

    `by` is the client's tool, or BY_SFTP; None where nothing was listed.
    """

    facts: tuple[str, ...] = ()
    shown: frozenset[str] = frozenset()
    by: str | None = None


class _Ear:
    """The pipe as lines."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._rest = b""
        self.others: list[str] = []

    def fileno(self) -> int:
        return self._pipe

    def hear(self) -> list[words.Said]:
        """Return what was said by the file system; what ssh says is kept, a little of it."""
        *lines, rest = (self._rest + os.read(self._pipe, _CHUNK)).split(b"\n")
        self._rest = rest[:_LONGEST]
        heard = []
        for line in lines:
            text = line[:_LONGEST].decode("utf-8", "replace")
            said = words.read(text)
            if said and said.word != words.SSH:
                heard.append(said)
            elif len(self.others) < 3:  # noqa: PLR2004 - the first lines say why
                self.others.append(said.note if said else " ".join(text.split()))
        return heard


def await_listing(ends: Ends, voice: Voice) -> Listing:
    """Wait until the client's files are listed; raises Failure where that does not work, or the run is stopped."""
    ear = _Ear(ends.sshfs)
    with selectors.DefaultSelector() as selector:
        selector.register(ear, selectors.EVENT_READ)
        selector.register(ends.control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                done = _hear_words(ends, voice, ear) if key.fileobj is ear else _obey(ends.control, ear)
                if done is not None:
                    return done


def say_what_was_fetched(ends: Ends, voice: Voice) -> None:
    """Leave in the log what the file system's process said at its end."""
    os.set_blocking(ends.sshfs, False)
    with suppress(BlockingIOError):
        for said in _Ear(ends.sshfs).hear():
            if said.word == words.FETCHED:
                voice.note(f"fetched {said.note}")


def _hear_words(ends: Ends, voice: Voice, ear: _Ear) -> Listing | None:
    for said in ear.hear():
        match said.word:
            case words.LISTING:
                ends.control.beat()
                voice.progress(files=int(said.note), original_size=0, deduplicated_size=0, path="")
            case words.READY:
                return _ready(said.note)
            case words.FAILED:
                raise _failure(said.note, ear)
            case _:
                pass
    return None


def _ready(note: str) -> Listing:
    ready = words.read_ready(note)
    if ready.tool == BY_SFTP:
        fact = f"{ready.count} files listed by SFTP: hard links, xattrs and ACLs cannot be seen"
        return Listing(facts=(fact,), by=BY_SFTP)
    without = "" if ready.lists_xattrs else ", without xattrs and ACLs"
    return Listing(facts=(f"{ready.count} files listed by {ready.tool}{without}",), shown=ready.shown, by=ready.tool)


def _obey(control: link.Link, ear: _Ear) -> Listing | None:
    said = control.hear()
    word = said.word if said else ""
    if word == link.STOP and said:
        raise stopped(said.note)
    if word in (link.LOST, ""):
        # Its last line may be in the pipe still.
        os.set_blocking(ear.fileno(), False)
        try:
            last = [said.note for said in ear.hear() if said.word == words.FAILED]
        except BlockingIOError:
            last = []
        raise _failure(last[0] if last else "the file system's process has ended", ear)
    return None


def _failure(note: str, ear: _Ear) -> Failure:
    """The note begins with the reason, where the file system's process knows one."""
    word, _, sentence = note.partition(": ")
    reason = _KNOWN_REASONS.get(word)
    told = sentence if reason else note
    more = f" (ssh says: {'; '.join(ear.others)})" if ear.others else ""
    return Failure(
        reason or Reason.CONNECTION_LOST,
        f"The files of the client could not be listed: {told}{more}; nothing was kept.",
    )
