from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

from appliance.plan import events
from appliance.pull import link
from appliance.pull.voice import Voice
from appliance.pull.watch import Heard, Watch
from appliance.record import Progress

if TYPE_CHECKING:
    import pytest


def warning(message: str, message_id: str = "BackupPermissionError") -> bytes:
    fields = {"type": "log_message", "levelname": "WARNING", "message": message, "msgid": message_id}
    return json.dumps(fields).encode() + b"\n"


def heard(
    stdout: bytes = b"", stderr: bytes = b"", words: tuple[tuple[str, object], ...] = ((link.CREATED, 0),)
) -> Heard:
    """Play Borg and the root half: what they say, and then their end."""
    ours, theirs = link.pair()
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()

    def play() -> None:
        os.write(out_write, stdout)
        os.close(out_write)
        for start in range(0, len(stderr), 7):
            os.write(err_write, stderr[start : start + 7])
        os.close(err_write)
        for word, note in words:
            link.Link(ours).say(word, note)

    player = threading.Thread(target=play)
    player.start()
    found = Watch(link.Link(theirs), out_read, err_read, Voice()).until_the_end()
    player.join()
    for end in (out_read, err_read):
        os.close(end)
    ours.close()
    theirs.close()
    return found


def test_what_borg_says_is_put_together_from_any_pieces() -> None:
    found = heard(stdout=b'{"archive": 1}', stderr=warning("a: open: [Errno 13] Permission denied"))

    assert found.stdout == b'{"archive": 1}'
    assert [said.message_id for said in found.warnings] == ["BackupPermissionError"]
    assert found.code == 0


def test_a_full_disk_is_heard_behind_any_number_of_other_warnings() -> None:
    others = b"".join(warning(f"{number}: when setting extended attribute") for number in range(150))
    found = heard(stderr=others + warning("z: write: [Errno 28] No space left on device", "BackupOSError"))

    assert found.is_full
    assert found.warning_count == 151
    assert not heard(stderr=others).is_full


def test_a_second_session_that_got_nothing_is_told_and_is_no_unread_file(capfd: pytest.CaptureFixture[str]) -> None:
    found = heard(stderr=b"connect to /run/borgpull/serve.sock port -2 failed: No such file or directory\r\n")

    assert found.warning_count == 0
    assert "asked for a second session and got none" in capfd.readouterr().out


def test_a_shell_that_greets_beside_a_borg_that_ended_well_is_no_unread_file(capfd: pytest.CaptureFixture[str]) -> None:
    found = heard(stderr=b"have a nice day\n")

    assert (found.warning_count, found.last_error) == (0, "")
    assert "said beside Borg: have a nice day" in capfd.readouterr().out


def test_plain_text_beside_a_borg_that_did_not_end_well_is_what_it_died_of() -> None:
    found = heard(stderr=b"borg: error: no such option\n", words=((link.CREATED, 2),))

    assert (found.warning_count, found.last_error) == (1, "borg: error: no such option")


def test_a_last_line_without_its_end_is_heard() -> None:
    assert heard(stderr=b"Killed", words=((link.CREATED, 137),)).warnings[0].message == "Killed"


def test_a_million_warnings_are_counted_and_the_first_are_kept() -> None:
    found = heard(stderr=warning("x") * 500)

    assert (found.warning_count, len(found.warnings)) == (500, 100)


def test_borgs_own_tidying_is_no_warning_of_the_archive() -> None:
    # Recorded from Borg 1.4 on a client that had been switched off in the middle of a backup.
    line = {
        "type": "log_message",
        "levelname": "WARNING",
        "name": "borg.locking",
        "message": "Killed stale lock x.1-0.",
    }

    assert heard(stderr=json.dumps(line).encode() + b"\n").warning_count == 0


def test_a_root_half_that_does_not_listen_holds_nothing_up() -> None:
    ours, theirs = link.pair()
    control = link.Link(theirs)

    for _ in range(10_000):
        control.beat()

    assert link.Link(ours).hear() == link.Word(link.ALIVE)
    ours.close()
    theirs.close()


def test_the_kernels_word_for_a_dead_mount_means_the_connection_is_lost() -> None:
    found = heard(stderr=warning("etc/x: read: [Errno 107] Transport endpoint is not connected: 'x'"))

    assert found.lost
    assert found.broken_reads == 1


def test_the_root_halfs_words_are_heard() -> None:
    found = heard(words=((link.LOST, ""), (link.STOP, "timeout"), (link.CREATED, 143)))

    assert (found.lost, found.stopped, found.code) == (True, "timeout", 143)


def test_a_root_half_that_is_gone_is_no_success() -> None:
    ours, theirs = link.pair()
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    for end in (out_write, err_write):
        os.close(end)
    ours.close()

    found = Watch(link.Link(theirs), out_read, err_read, Voice()).until_the_end()

    assert found.stopped == "killed"
    theirs.close()
    for end in (out_read, err_read):
        os.close(end)


def test_progress_goes_on_to_the_supervisor(capsys: pytest.CaptureFixture[str]) -> None:
    line = {"type": "archive_progress", "nfiles": 3, "original_size": 9, "deduplicated_size": 1, "path": "\x1b[2Jx"}

    heard(stderr=json.dumps(line).encode() + b"\n")

    printed = capsys.readouterr().out
    assert events.read(printed.splitlines()[-1]) == Progress(
        step="prepare", files=3, original_size=9, deduplicated_size=1, path="\x1b[2Jx"
    )
    assert "\x1b" not in printed
