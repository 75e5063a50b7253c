from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from appliance.borg import exits
from appliance.borg.output import ArchiveProgress, LogMessage, read_created, read_line, read_listed
from appliance.errors import StateError
from appliance.record import Reason

CREATED = """{"archive": {"name": "a", "id": "1", "start": "2026-11-22T02:30:00.000000", "end": "x", "stats":
 {"original_size": 10, "compressed_size": 5, "deduplicated_size": 4, "nfiles": 3}},
 "cache": {"path": "/c", "stats": {"total_size": 1}}, "encryption": {"mode": "repokey-blake2"},
 "repository": {"id": "abc", "location": "/r", "last_modified": "x"}}"""


def test_progress_is_read() -> None:
    line = (
        '{"type": "archive_progress", "original_size": 9, "compressed_size": 8, "deduplicated_size": 7, "nfiles": 2,'
        ' "path": "etc/x", "time": 1.0}'
    )

    assert read_line(line) == ArchiveProgress(files=2, original_size=9, deduplicated_size=7, path="etc/x")


def test_a_warning_keeps_its_message_id() -> None:
    line = (
        '{"type": "log_message", "levelname": "WARNING", "message": "x: open: [Errno 13] Permission denied",'
        ' "msgid": "BackupPermissionError"}'
    )

    said = read_line(line)

    assert isinstance(said, LogMessage)
    assert said.is_trouble
    assert said.message_id == "BackupPermissionError"


def test_a_crash_report_is_told_by_its_cause() -> None:
    report = (
        'Local Exception\n\nTraceback (most recent call last):\n  File "/x.py", line 1, in fd\nKeyError: 31\n\n'
        "During handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n"
        '  File "/x.py", line 1, in main\n    run()\n    ~~~^^\nOSError: [Errno 28] No space left on device\n\n'
        "Platform: Linux\n"
    )
    line = json.dumps({"type": "log_message", "levelname": "ERROR", "message": report})

    assert read_line(line) == LogMessage(level="ERROR", message="OSError: [Errno 28] No space left on device")


def test_plain_text_is_an_error_and_not_lost() -> None:
    said = read_line("borg: error: argument --x")

    assert isinstance(said, LogMessage)
    assert (said.level, said.message, said.is_plain) == ("ERROR", "borg: error: argument --x", True)


@pytest.mark.parametrize(
    "line", ["", "  ", "3", "null", "[]", '{"type": "file_status"}', '{"type": "archive_progress", "finished": true}']
)
def test_what_says_nothing_is_nothing(line: str) -> None:
    assert read_line(line) is None


def test_times_of_borg_are_utc() -> None:
    assert read_created(CREATED).archive.started == datetime(2026, 11, 22, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "{}", CREATED[:-10]])
def test_a_cut_report_is_an_error_and_not_an_empty_archive(text: str) -> None:
    with pytest.raises(StateError, match="cannot be read"):
        read_created(text)


def test_a_list_of_archives_that_is_cut_is_an_error() -> None:
    with pytest.raises(StateError, match="cannot be read"):
        read_listed('{"repository": {"id": "x"}, "encryption": {"mode": "m"}, "archives": [{"archive": "a"}]}')


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (2, Reason.INTERNAL),
        (13, Reason.REPOSITORY),
        (14, Reason.NO_SPACE),
        (20, Reason.QUOTA),
        (52, Reason.PASSPHRASE),
        (61, Reason.REPLAY),
        (73, Reason.LOCK),
        (81, Reason.CONNECTION_LOST),
        (95, Reason.INTEGRITY),
    ],
)
def test_exit_codes_name_their_reason(code: int, reason: Reason) -> None:
    assert exits.reason_of(code) is reason


def test_warnings_signals_and_errors_are_told_apart() -> None:
    assert [exits.is_warning(code) for code in (0, 1, 2, 99, 100, 127, 128)] == [
        False, True, False, False, True, True, False,
    ]  # fmt: skip
    assert [exits.is_signal(code) for code in (-9, 2, 128, 143)] == [True, False, False, True]


@pytest.mark.parametrize("count", ["1e400", '"x"', "null", "[]", "-5", "1" + "0" * 400])
def test_a_number_that_no_counter_can_hold_is_not_believed(count: str) -> None:
    found = read_line(f'{{"type": "archive_progress", "nfiles": {count}, "original_size": {count}}}')

    assert isinstance(found, ArchiveProgress)
    assert (found.files, found.original_size) == (0, 0)
