from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

from appliance.cli.readable import age, did_you_mean, safe, size


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=5, minutes=20), "5 h 20 min"),
        (timedelta(days=3), "3 d"),
        (timedelta(days=3, hours=4), "3 d 4 h"),
        (None, ""),
    ],
)
def test_an_age_is_said_in_its_two_largest_units(span: timedelta | None, words: str) -> None:
    assert age(span) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 30, "5.0 GiB"), (3 << 60, "3072.0 PiB"), (None, "-")],
)
def test_a_size_is_said_in_binary_units(count: int | None, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("etc/pässwd 漢字", "etc/pässwd 漢字"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("line\nbreak\r", "line\\x0abreak\\x0d"),
        ("\udcff\x9b2J", "\\xff\\x9b2J"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
    ],
)
def test_text_of_a_client_cannot_command_the_terminal(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_near_names_are_offered_and_far_ones_are_not() -> None:
    assert did_you_mean("web2", ["web1", "media"]) == " Did you mean 'web1'?"
    assert not did_you_mean("zzz", ["web1"])


def test_a_pull_container_starts_without_the_libraries_it_does_not_need() -> None:
    code = (
        "import sys; from appliance.cli.commands import borgpull; import appliance.cli.pull; "
        "print({'docker', 'rich', 'sqlite3', 'pydantic', 'prometheus_client'} & set(sys.modules))"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout == "set()\n"
