"""Nothing can be configured that is not documented, and nothing is documented that is not so."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance.config.durations import format_duration
from appliance.config.frequency import WORDS, Frequency
from appliance.config.keys import ALL_KEYS, KEYS, MODELS
from appliance.config.load import MAIN, parse
from appliance.config.model import ApplianceSettings, Check, ClientBase, Hook, Keep, Reach, Stream
from appliance.config.schedule import MACROS, Schedule
from tests.clients import pair_works

if TYPE_CHECKING:
    from pydantic import BaseModel

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "config" / "borgpull.example.toml").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \|(.*?)\|", re.MULTILINE)
# How a default that is no plain value is told.
TOLD = {"timezone": '`TZ`, else `"UTC"`', "window": "at any time", "max_age": "by the schedule", "keep": "all archives"}
TOLD |= {"notify_on": '`["failure", "warning"]`', "healthchecks": "none", "wake": "none"}
TOLD |= {"check": "see below", "compact_after": "none", "gateway": "off", "quota": "by free space"}
TOLD |= {"memory": "no limit", "marker": "none", "within": "none", "free_space": '`"1GiB"`', "schedule": '`"@daily"`'}


def rows(heading: str) -> dict[str, str]:
    """The keys of the table below a heading, each with the default that is told."""
    table = re.split(r"^#+ ", REFERENCE.split(f"\n{heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    return {key: default.strip() for key, default in ROW.findall(table)}


ANY = rows("## `[clients.NAME]`, any method")
MACHINE = ANY | rows("### Any method but `mount`")
BORG = MACHINE | rows("### Methods `socat`, `ssh-agent` and `remote-forward`")
TABLES = {
    "sshfs": MACHINE | rows("### Method `sshfs`"),
    "socat": BORG,
    "ssh-agent": BORG | rows("### Method `ssh-agent`"),
    "remote-forward": BORG,
    "mount": ANY | rows("### Method `mount`"),
}


def told(key: str, value: object) -> str:
    match value:
        case None if key == "notify":
            default = "that of `[appliance]`"
        case _ if key in TOLD:
            default = TOLD[key]
        case timedelta():
            default = f'`"{format_duration(value)}"`'
        case bool() | int() | float():
            default = f"`{str(value).lower()}`"
        case str() | Frequency():
            default = f'`"{value}"`'
        case ():
            default = "`[]`"
        case _:
            default = ""
    return default


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (ApplianceSettings, rows("## `[appliance]`")),
        (Keep, rows("### `keep`")),
        (Check, rows("### `check`")),
        (Hook, rows("### `before` and `after`")),
        (Stream, rows("### `stream`")),
        *((MODELS[method], table) for method, table in TABLES.items()),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_key_has_a_row_with_its_true_default(model: type[BaseModel], found: dict[str, str]) -> None:
    expected = {
        key: told(key, field.default)
        for key, field in model.model_fields.items()
        if key not in {"paths", "method"} and not (key == "name" and issubclass(model, ClientBase))
    }
    if model is ApplianceSettings:
        expected["name"] = '`"borgpull"`'
    if model is MODELS["mount"]:
        del expected["reach"]

    assert {key: default for key, default in found.items() if key in expected} == expected
    assert found.keys() - expected.keys() <= {"method", "paths", "every"}


@pytest.mark.parametrize("method", KEYS)
def test_each_key_of_a_method_stands_in_its_tables(method: str) -> None:
    assert KEYS[method] == TABLES[method].keys()


def test_the_example_shows_every_key_there_is() -> None:
    shown = set(re.findall(r"^(?:# )?(\w+) = ", EXAMPLE, re.MULTILINE))

    assert shown >= set(ApplianceSettings.model_fields) | ALL_KEYS
    assert all(re.search(rf"\b{key} = ", EXAMPLE) for key in (*Keep.model_fields, *Check.model_fields))


def test_each_commented_line_of_the_example_can_be_switched_on_alone() -> None:
    lines = EXAMPLE.splitlines()
    excluding = {"every", "volume", "schedule"}
    for number, line in enumerate(lines):
        key = re.match(r"# (\w+) = ", line)
        if key is None or key[1] in excluding:
            continue
        switched_on = [*lines[:number], line.removeprefix("# "), *lines[number + 1 :]]
        parse({MAIN: "\n".join(switched_on)}, {})


@pytest.mark.parametrize("word", WORDS)
def test_each_word_for_how_often_is_documented(word: str) -> None:
    assert f'`"{word}"`' in REFERENCE.split("\n### `check`\n")[1]


@pytest.mark.parametrize(("macro", "cron"), MACROS.items())
def test_each_short_form_is_documented(macro: str, cron: str) -> None:
    assert f"| `{macro}` | `{cron}` |" in REFERENCE


@pytest.mark.parametrize(
    ("schedule", "row"),
    [
        (Schedule.every(timedelta(hours=6)), '| `every = "6h"` | {:g} hours |'),
        (Schedule.parse("@daily"), "| `@daily` | {:g} hours |"),
        (Schedule.parse("0 2 * * 1-5"), "| `0 2 * * 1-5` (working days) | {:g} hours |"),
        (Schedule.parse("@weekly"), "| `@weekly` | {days:g} days |"),
    ],
    ids=str,
)
def test_each_documented_age_is_true(schedule: Schedule, row: str) -> None:
    hours = schedule.overdue_after / timedelta(hours=1)

    assert row.format(hours, days=hours / 24) in REFERENCE


def test_the_documented_pairs_of_method_and_reach_are_those_that_load() -> None:
    pairs = re.search(r"^\| method \| `direct` \| `jump` \| `dial-in` \|\n.*?\n\n", REFERENCE, re.MULTILINE | re.DOTALL)
    assert pairs is not None
    told = {
        (method, reach): cell.strip() == "yes"
        for method, *cells in re.findall(r"^\| `([a-z-]+)` \|(.*?)\|(.*?)\|(.*?)\|$", pairs[0], re.MULTILINE)
        for reach, cell in zip(Reach, cells, strict=True)
    }

    assert told == {(method, reach): pair_works(method, reach) for method in KEYS for reach in Reach}
