"""The doctor says where a machine that could be listed in one stream is read by SFTP alone, and what to paste."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli_world import CliWorld
from tests.house import NOON, record

if TYPE_CHECKING:
    from pathlib import Path

_CLIENT = '[clients.web1]\nhost = "web1.lan"\npaths = ["/"]\n'


def found(folder: Path, text: str, *listed_by: str | None) -> list[dict[str, Any]]:
    """Return what the doctor says of the listing after good runs that were listed so, the oldest first."""
    world = CliWorld(folder)
    world.configure(_CLIENT + text)
    for number, tool in enumerate(listed_by):
        run = record(run_id=f"r{number}", started=NOON + timedelta(days=number))
        world.journal.finish(replace(run, listed_by=tool))
    told = world.run("doctor", "--json").data
    return [one for one in told if "listed by" in one["sentence"] and one["subject"] == "client web1"]


def test_a_fall_back_to_sftp_is_told_with_what_to_paste_and_is_no_warning(tmp_path: Path) -> None:
    (told,) = found(tmp_path, 'listing = "auto"\n', None, "SFTP")

    assert (told["level"], told["exit_code"]) == ("ok", 0)
    assert told["sentence"].startswith("its files are listed by SFTP, without hard links")
    assert "`borgpull client setup web1`" in told["advice"]


def test_a_machine_that_was_listed_before_and_is_not_any_more_is_a_warning(tmp_path: Path) -> None:
    (told,) = found(tmp_path, 'listing = "auto"\n', "find", "SFTP", "SFTP")

    assert (told["level"], told["exit_code"]) == ("warning", 1)
    assert f"on {NOON:%Y-%m-%d} find listed them" in told["sentence"]
    assert "`borgpull client setup web1`" in told["advice"]


@pytest.mark.parametrize(
    ("text", "listed_by"),
    [
        ('listing = "auto"\n', "find"),
        ('listing = "auto"\n', None),
        ('listing = "never"\n', "SFTP"),
        ('listing = "auto"\nuser = "borgpull-reader"\n', "SFTP"),
        ('listing = "auto"\nbefore = ["true"]\n', "SFTP"),
    ],
)
def test_nothing_is_said_where_another_line_would_change_nothing(
    tmp_path: Path, text: str, listed_by: str | None
) -> None:
    assert found(tmp_path, text, listed_by) == []
