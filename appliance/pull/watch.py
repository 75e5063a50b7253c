"""Listening to `borg create`: progress out, warnings kept, and the words of the root half heard at once."""

from __future__ import annotations

import os
import re
import selectors
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from appliance.borg import exits, output
from appliance.borg.create import SAID
from appliance.pull import link

if TYPE_CHECKING:
    from appliance.pull.voice import Voice

_CHUNK = 65536
# A line longer than this is not one of Borg's; a hostile name cannot be longer than a path.
_LONGEST_LINE = 1 << 20
# A million unreadable files must not fill the memory: the first are named, all are counted.
_KEPT_WARNINGS = 100
_LONGEST_WARNING = 1000
_LONGEST_SAID = 200


@dataclass
class Heard:
    """What Borg said until its end, and what the root half said meanwhile.

    `said` is the last complaint of the client's own command, where its output is what is backed up. `listed` is how
    many paths an extracting Borg named, `last` the newest of them, `extracted` how many bytes it has come to.
    """

    code: int = 0
    stdout: bytes = b""
    warnings: list[output.LogMessage] = field(default_factory=list)
    warning_count: int = 0
    broken_reads: int = 0
    last_error: str = ""
    lost: bool = False
    is_full: bool = False
    stopped: str = ""
    said: str = ""
    listed: int = 0
    last: str = ""
    extracted: int = 0


# The kernel's words for "the other end is gone"; Borg reports them file by file and goes on (borg archiver.py).
GONE = ("Transport endpoint is not connected", "Software caused connection abort", "Stale file handle", "Host is down")
# What a full disk answers to a write.
FULL = ("No space left on device", "Disk quota exceeded")
# What our own ssh says when somebody comes to a forwarded socket behind which nobody listens any more: of no file.
_SECOND_SESSION = re.compile(r"connect to \S+ port -2 failed: .*")
_BROKEN = (*GONE, "Input/output error")


class Watch:
    """Reads both pipes of Borg and the link until Borg has ended and said everything."""

    def __init__(self, control: link.Link, stdout: int, stderr: int, voice: Voice) -> None:
        """Take over the read ends."""
        self._link, self._voice = control, voice
        self._stdout, self._stderr = stdout, stderr
        self._rest = b""
        self._ended = False
        self._complaints = 0
        self._plain: list[output.LogMessage] = []
        self.heard = Heard()

    def until_the_end(self) -> Heard:
        """Wait for Borg; its pipes end before its exit code comes."""
        with selectors.DefaultSelector() as selector:
            for source in (self._stdout, self._stderr, self._link):
                selector.register(source, selectors.EVENT_READ)
            while len(selector.get_map()) > 1 or not self._ended:
                for key, _ in selector.select():
                    if not self._take(key.fileobj):
                        selector.unregister(key.fileobj)
        self._judge_plain_text()
        return self.heard

    def _take(self, source: object) -> bool:
        if source is self._link:
            return self._take_word()
        chunk = os.read(self._stdout if source == self._stdout else self._stderr, _CHUNK)
        if source == self._stdout:
            self.heard.stdout = (self.heard.stdout + chunk)[-_LONGEST_LINE:]
        else:
            self._take_lines(chunk)
        return bool(chunk)

    def _take_word(self) -> bool:
        said = self._link.hear()
        match said.word if said else "":
            case link.CREATED:
                self._ended, self.heard.code = True, int(said.note) if said else 0
            case link.LOST:
                self.heard.lost = True
            case link.STOP:
                self.heard.stopped = said.note if said else ""
            case "":
                # The root half is gone: nobody will report Borg's end, and the container is about to end too.
                self._ended, self.heard.stopped = True, "killed"
                return False
            case _:
                pass
        return True

    def _take_lines(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk and self._rest:
            lines, self._rest = [self._rest], b""
        self._rest = self._rest[:_LONGEST_LINE]
        for line in lines:
            text = line.decode("utf-8", "surrogateescape")
            if text.startswith(SAID):
                self._take_complaint(text.removeprefix(SAID))
            else:
                self._take_line(output.read_line(text))
        if lines:
            self._link.beat()

    def _take_line(self, said: output.ArchiveProgress | output.ExtractProgress | output.LogMessage | None) -> None:
        match said:
            case output.LogMessage() if _SECOND_SESSION.fullmatch(said.message):
                self._voice.note("somebody on the client asked for a second session and got none", "warning")
            case output.ArchiveProgress():
                self._voice.progress(
                    files=said.files,
                    original_size=said.original_size,
                    deduplicated_size=said.deduplicated_size,
                    path=said.path,
                )
            case output.ExtractProgress() if said.path:
                self._take_extracted(said)
            case output.LogMessage(source="borg.output.list"):
                self.heard.listed += 1
                self.heard.last = said.message[:_LONGEST_WARNING]
            case output.LogMessage(is_housekeeping=True):
                self._voice.note(f"Borg says: {said.message[:_LONGEST_WARNING]}")
            case output.LogMessage() if said.is_plain and not any(words in said.message for words in _BROKEN):
                self._plain = [*self._plain, said][:_KEPT_WARNINGS]
            case output.LogMessage() if said.is_trouble:
                self._take_trouble(said)
            case _:
                pass

    def _take_extracted(self, said: output.ExtractProgress) -> None:
        self.heard.extracted = said.done
        self._voice.progress(
            files=self.heard.listed,
            original_size=said.done,
            deduplicated_size=0,
            total_size=said.total,
            path=said.path,
        )

    def _take_complaint(self, text: str) -> None:
        shown = "".join(character if character.isprintable() else "?" for character in text.strip())[:_LONGEST_SAID]
        if shown and self._complaints < _KEPT_WARNINGS:
            self._complaints += 1
            self._voice.note(f"the stream's command says: {shown}")
        self.heard.said = shown or self.heard.said

    def _judge_plain_text(self) -> None:
        """A Borg that made an archive said in its own form what it missed; the rest is a shell that greets, or such."""
        for said in self._plain:
            if self.heard.code == 0 or exits.is_warning(self.heard.code):
                shown = "".join(one if one.isprintable() else "?" for one in said.message[:_LONGEST_SAID])
                self._voice.note(f"said beside Borg: {shown}")
            else:
                self._take_trouble(said)

    def _take_trouble(self, said: output.LogMessage) -> None:
        heard = self.heard
        heard.broken_reads += any(words in said.message for words in _BROKEN)
        heard.lost = heard.lost or any(words in said.message for words in GONE)
        heard.is_full = heard.is_full or any(words in said.message for words in FULL)
        if said.level != "WARNING":
            heard.last_error = said.message
        heard.warning_count += 1
        if len(heard.warnings) < _KEPT_WARNINGS:
            heard.warnings.append(
                output.LogMessage(level=said.level, message=said.message[:_LONGEST_WARNING], message_id=said.message_id)
            )
