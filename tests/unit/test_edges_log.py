"""Log lines: one an event, with its client and its run, and nothing of a client's text in force."""

from __future__ import annotations

import io
import json
import logging
import sys
from typing import TYPE_CHECKING, Any

from appliance.edges.log import JsonLines, TextLines, counts, set_up

if TYPE_CHECKING:
    import pytest

NASTY = "etc/\x1b[31mred\nERROR client=db forged\udce9"


def event(message: str, *, error: bool = False, **extra: str) -> logging.LogRecord:
    raised: Any = sys.exc_info() if error else None
    record = logging.LogRecord("appliance.run", logging.WARNING, "f.py", 1, message, (), raised)
    record.__dict__.update(extra)
    return record


def test_a_text_line_names_client_and_run() -> None:
    line = TextLines().format(event("it works", client="web", run="r1"))

    assert line.endswith("Z WARNING client=web run=r1 it works")


def test_a_line_about_nobody_says_so() -> None:
    assert " client=- run=- it works" in TextLines().format(event("it works"))


def test_text_of_a_client_can_forge_no_line_and_reach_no_terminal() -> None:
    line = TextLines().format(event(NASTY, client="web"))

    assert "\n" not in line
    assert line.endswith(r"etc/\x1b[31mred\nERROR client=db forged\udce9")


def test_each_line_of_a_traceback_has_the_head() -> None:
    lines: list[str] = []
    try:
        int(NASTY)
    except ValueError:
        lines = TextLines().format(event("failed", error=True, client="web", run="r1")).splitlines()

    assert len(lines) > 3
    assert all(" client=web run=r1 " in line for line in lines)


def test_a_json_line_holds_the_same_in_ascii() -> None:
    line = JsonLines().format(event(NASTY, client="web", run="r1"))

    assert line.isascii()
    assert "\x1b" not in line
    assert "\n" not in line
    found = json.loads(line)
    assert (found["level"], found["client"], found["run"], found["message"]) == ("warning", "web", "r1", NASTY)


def test_messages_are_counted_by_level_whatever_their_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])
    for form in ("text", "json"):
        set_up(form, io.StringIO())
        before = counts()
        logging.getLogger("appliance.test").warning("one more")
        logging.getLogger("appliance.test").debug("nobody hears this")

        assert counts() == before | {"warning": before["warning"] + 1}
