"""What a run's container said, as lines: what is told, what is left out, and how long a log may be."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from appliance.plan.events import Data, Note, Result, write
from appliance.plan.log_line import LogLine
from appliance.plan.run_log import LONGEST_MESSAGE, bounded, end_of, told
from appliance.ports import SaidLine
from appliance.record import Outcome, Progress, Reason
from tests.house import NOON, archive, bad, good, record

RUN = record(None)
NASTY = "etc/\x1b[31mred\nERROR client=db forged\udce9"


def said(*texts: str, error: bool = False) -> list[SaidLine]:
    return [SaidLine(text=text, time=NOON + timedelta(seconds=n), error=error) for n, text in enumerate(texts)]


def lines_of(*texts: str, error: bool = False) -> list[tuple[str, str, str]]:
    return [(line.logger, line.level, line.message) for line in told(said(*texts, error=error), RUN)]


def test_of_progress_each_new_step_is_told_and_no_number() -> None:
    steps = ("connect", "create", "create", "verify")

    assert lines_of(*(write(Progress(step=step, path="etc/shadow")) for step in steps)) == [
        ("pull", "info", "step connect"),
        ("pull", "info", "step create"),
        ("pull", "info", "step verify"),
    ]


def test_a_note_keeps_its_level_and_every_line_its_time_client_and_run() -> None:
    (line,) = told(said(write(Note(level="warning", message="hm"))), RUN)

    assert line == LogLine(time=NOON, level="warning", client="web1", run="run-1", logger="pull", message="hm")
    assert line.text() == "2026-11-22T12:00:00.000Z WARNING client=web1 run=run-1 hm"
    assert json.loads(line.json()) == {
        "time": "2026-11-22T12:00:00.000Z",
        "level": "warning",
        "client": "web1",
        "run": "run-1",
        "logger": "pull",
        "message": "hm",
    }
    assert LogLine.from_json(line.json()) == line


def test_the_last_word_names_its_warnings_and_its_archive() -> None:
    result = replace(good(), outcome=Outcome.WARNING, warnings=("etc/shadow: denied",), warning_count=3)

    assert lines_of(write(result)) == [
        ("pull", "warning", "etc/shadow: denied"),
        ("pull", "warning", "and 2 more warnings"),
        ("pull", "info", f"archive {archive().name}: {archive().files} files, {archive().original_size} bytes"),
        ("pull", "warning", "its last word: warning"),
    ]
    assert lines_of(write(bad(Reason.AUTH)))[-1][2].startswith("its last word: failed (auth)")


def test_what_is_no_event_is_told_as_it_is_and_answers_are_left_out() -> None:
    assert lines_of("Traceback", write(Data(value={"path": "/etc"}))) == [("stdout", "info", "Traceback")]


def test_an_event_on_standard_error_is_no_event() -> None:
    forged = write(Result(outcome=Outcome.SUCCESS))

    assert lines_of(forged, error=True) == [("stderr", "warning", forged)]


def test_a_line_without_a_time_has_that_of_the_line_before() -> None:
    late = NOON + timedelta(hours=1)
    lines = told([SaidLine(text="a"), SaidLine(text="b", time=late), SaidLine(text="c")], RUN)

    assert [line.time for line in lines] == [RUN.started, late, late]


def test_text_of_a_client_can_forge_no_line_and_reaches_no_terminal() -> None:
    (line,) = told(said(write(Note(level="info", message=NASTY))), RUN)

    assert line.text().splitlines() == [
        r"2026-11-22T12:00:00.000Z INFO    client=web1 run=run-1 etc/\x1b[31mred",
        r"2026-11-22T12:00:00.000Z INFO    client=web1 run=run-1 ERROR client=db forged\udce9",
    ]
    assert line.json().isascii()
    assert "\n" not in line.json()
    assert LogLine.from_json(line.json()) == line


def test_what_is_no_line_of_a_log_is_none() -> None:
    assert [LogLine.from_json(text) for text in ("", "{}", "[1]", '{"time": "x"}', "null")] == [None] * 5


def test_a_log_within_its_bound_is_kept_whole() -> None:
    lines = tuple(told(said(*map(str, range(50))), RUN))

    assert bounded(lines, RUN) == tuple(line.json() for line in lines)


def test_a_longer_one_keeps_its_beginning_and_its_end_and_says_what_is_missing() -> None:
    lines = tuple(told(said(*(f"{number:04}" for number in range(1000))), RUN))
    size = len(lines[0].json()) + 1

    kept = bounded(lines, RUN, most_bytes=20 * size)

    messages = [json.loads(line)["message"] for line in kept]
    assert messages[:10] == [f"{number:04}" for number in range(10)]
    assert messages[-10:] == [f"{number:04}" for number in range(990, 1000)]
    assert messages[10:-10] == [
        f"980 lines ({980 * size} bytes) are left out here: of a log its beginning and its end are kept"
    ]
    assert json.loads(kept[10])["logger"] == "supervisor"


def test_a_long_message_loses_its_end_and_says_how_much() -> None:
    (kept,) = bounded(told(said("x" * (LONGEST_MESSAGE + 7)), RUN), RUN)

    assert json.loads(kept)["message"] == "x" * LONGEST_MESSAGE + "… and 7 more characters"


def test_a_beginning_that_the_engine_forgot_is_said() -> None:
    late = NOON + timedelta(hours=30)
    much = [SaidLine(text="x" * 1000, time=late)] * 9000

    *_, last = told(much, RUN)

    assert last.message == "what it said before 2026-11-23 18:00:00 UTC is missing: the engine kept no more"
    assert all(line.logger == "stdout" for line in told(much[:10], RUN))


def test_the_end_is_told_by_the_record() -> None:
    ended = replace(record(Outcome.FAILED, Reason.OUT_OF_MEMORY), message="raise `memory`")

    end = end_of(ended)

    assert end is not None
    assert (end.logger, end.level, end.message) == ("supervisor", "warning", "failed (out_of_memory) raise `memory`")
    assert end.time == ended.finished
    assert end_of(RUN) is None
