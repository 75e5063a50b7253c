"""Columns of words: as wide as they need, cut where there is no room, and styled on a terminal only."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from appliance.cli.columns import Column, Columns

TABLE = Columns((Column("NAME"), Column("STATE"), Column("SIZE", right=True)), [("web1", ("ok", "green"), "1.5 KiB")])


def drawn(width: int, *, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, color_system="standard" if terminal else None)
    with console.capture() as captured:
        console.print(TABLE)
    return captured.get()


def test_a_column_is_as_wide_as_its_widest_word_and_numbers_stand_to_the_right() -> None:
    assert drawn(80) == "NAME  STATE     SIZE\nweb1  ok     1.5 KiB\n"


def test_what_has_no_room_is_cut_in_the_widest_column_first() -> None:
    assert drawn(17) == "NAME  STA…   SIZE\nweb1  ok    1.5 …\n"


@pytest.mark.parametrize("width", range(1, 30))
def test_every_row_stays_one_line_on_any_terminal(width: int) -> None:
    assert len(drawn(width).splitlines()) == 2


def test_a_style_is_seen_on_a_terminal_and_nowhere_else() -> None:
    assert "\x1b[32mok" in drawn(80, terminal=True)
    assert "\x1b" not in drawn(80)
