"""`borgpull report` as text, as JSON and as a page, whatever the journal holds."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from appliance.cli.drawing.markup import Markup, element, text
from appliance.cli.drawing.page import page
from appliance.cli.drawing.scales import bytes_scale, count_scale, dates, part_scale, seconds_scale
from appliance.plan.days import Day, day_starts
from appliance.plan.report import ClientReport, HouseReport
from appliance.record import LedgerEntry, Outcome, Reason
from tests.cli_world import CliWorld
from tests.house import NOON, archive, record, repository

if TYPE_CHECKING:
    from pathlib import Path

_GIB = 1 << 30


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path)


def pulled(world: CliWorld, days_ago: int, disk: int = _GIB, outcome: Outcome = Outcome.SUCCESS) -> None:
    """Let web1 have had a run with an archive."""
    run = record(outcome, started=NOON - timedelta(days=days_ago, hours=1), run_id=f"run-{days_ago}")
    made = replace(archive(number=days_ago + 1), original_size=10 * _GIB, deduplicated_size=_GIB)
    found = replace(repository(), disk_size=disk, total_size=100 * _GIB, total_csize=50 * _GIB, unique_csize=5 * _GIB)
    world.journal.finish(
        replace(run, archive=made, repository=found), [LedgerEntry(client="web1", archive=made, run_id=run.run_id)]
    )


def failed(world: CliWorld, days_ago: int) -> None:
    started = NOON - timedelta(days=days_ago, hours=1)
    world.journal.finish(record(Outcome.FAILED, Reason.AUTH, started=started, run_id=f"failed-{days_ago}"))


def drawn(html: str) -> ET.Element:
    """Read the page as strictly as XML is read; fails the test where it is not well formed."""
    return ET.fromstring(html.removeprefix("<!DOCTYPE html>"))  # noqa: S314 - our own page


def words_of(html: str) -> list[str]:
    return [" ".join(one.split()) for one in drawn(html).itertext()]


def test_the_text_has_the_numbers_of_each_client(world: CliWorld) -> None:
    pulled(world, 40)
    pulled(world, 2)
    pulled(world, 0, 3 * _GIB)

    shown = world.run("report")

    assert shown.code == 0
    assert "Backups: 2 success" in shown.out
    assert "Repositories: 3.0 GiB, +2.0 GiB; 2.0 GiB new, 95.0 % saved" in shown.out
    line = next(line for line in shown.out.splitlines() if line.startswith("web1"))
    assert " ".join(line.split()) == "web1 ok 2 3 3.0 GiB +2.0 GiB 10 min 10.0 % 95.0 %"


def test_the_numbers_have_room_on_a_terminal_of_80_columns(world: CliWorld) -> None:
    pulled(world, 2, 900 * _GIB)
    pulled(world, 0, 1023 * _GIB)

    assert max(len(line) for line in world.run("report", "web1").out.splitlines()) <= 80


def test_each_day_has_one_character_and_today_is_last(world: CliWorld) -> None:
    pulled(world, 3, outcome=Outcome.WARNING)
    failed(world, 1)
    pulled(world, 0)

    shown = world.run("report", "web1", "--days", "5")

    assert "THE LAST 5 DAYS" in shown.out
    assert shown.out.splitlines()[-2] == "web1    ·▄·x█"


def test_a_client_that_never_ran_is_not_left_out(world: CliWorld) -> None:
    line = next(line for line in world.run("report").out.splitlines() if line.startswith("media"))

    assert line.split() == ["media", "never", "0", "0", "-", "-", "-", "-", "-"]


def test_the_json_has_sums_and_each_day_with_runs(world: CliWorld) -> None:
    pulled(world, 1)
    failed(world, 0)

    told = world.run("report", "web1", "--json").data

    assert (told["days"], told["timezone"], told["since"]) == (30, "UTC", "2026-10-24T00:00:00+00:00")
    assert told["outcomes"] == {"success": 1, "warning": 0, "failed": 1, "interrupted": 0, "skipped": 0}
    (web1,) = told["clients"]
    assert (web1["days_covered_30"], web1["days_covered_365"], web1["growth_bytes"]) == (1, 1, None)
    assert (web1["change_rate"], web1["saved"], web1["saved_by_deduplication"]) == (0.1, 0.95, 0.9)
    assert [(day["day"], day["state"]) for day in web1["daily"]] == [("2026-11-21", "good"), ("2026-11-22", "failed")]


def test_days_covered_in_the_year_do_not_depend_on_the_days_of_the_report(world: CliWorld) -> None:
    pulled(world, 100)
    pulled(world, 20)

    (web1,) = world.run("report", "web1", "--json", "--days", "7").data["clients"]

    assert (web1["days_covered_30"], web1["days_covered_365"], web1["daily"]) == (1, 2, [])


def test_an_unknown_client_is_not_found(world: CliWorld) -> None:
    assert world.run("report", "web2").code == 6


def test_the_page_and_json_exclude_each_other(world: CliWorld) -> None:
    assert world.run("report", "--json", "--html").code == 2


def test_the_past_can_be_read_while_the_configuration_is_wrong(world: CliWorld) -> None:
    pulled(world, 0)
    world.configure("[clients.web1]\nhots = 'x'\n")

    shown = world.run("report")

    assert shown.code == 0
    assert "web1" in shown.out


def test_the_page_is_well_formed_and_says_what_the_text_says(world: CliWorld) -> None:
    pulled(world, 2)
    failed(world, 1)
    pulled(world, 0, 3 * _GIB)

    shown = world.run("report", "--html")

    assert shown.code == 0
    words = words_of(shown.out)
    for said in ("1 of 2", "2 success, 1 failed", "3.0 GiB", "+2.0 GiB", "95.0 %", "web1", "media"):
        assert said in words
    plots = [one for one in drawn(shown.out).iter("svg") if one.get("class") != "small"]
    assert [one.findtext("title") for one in plots] == [
        "Repository size", "New data per day", "Backups per day", "Backup duration",
        "Change rate: new of what was read", "Space saved",
    ]  # fmt: skip


def test_the_page_runs_nothing_and_fetches_nothing(world: CliWorld) -> None:
    pulled(world, 0)

    html = world.run("report", "--html").out

    assert "default-src 'none'" in html.replace("&#x27;", "'")
    elements = list(drawn(html).iter())
    assert {one.tag for one in elements} & {"script", "link", "img", "iframe", "image", "use", "object", "a"} == set()
    assert [name for one in elements for name in one.attrib if name in ("href", "src") or name.startswith("on")] == []
    assert not re.search(r"url\(|@import|https?:", html)


def test_every_drawing_has_a_title_for_those_who_do_not_see_it(world: CliWorld) -> None:
    pulled(world, 0)

    for drawing in drawn(world.run("report", "--html").out).iter("svg"):
        assert (drawing.get("role"), bool(drawing.get("aria-label"))) == ("img", True)
        assert drawing.findtext("title")


@pytest.mark.parametrize("toml", ["", '[clients.web1]\nhost = "web1.lan"\npaths = ["/"]\n'])
def test_an_empty_journal_makes_a_page_all_the_same(tmp_path: Path, toml: str) -> None:
    shown = CliWorld(tmp_path, toml).run("report", "--html", "--days", "1")

    assert shown.code == 0
    assert "Clients in order" in words_of(shown.out)


@pytest.mark.parametrize("days", [1, 2, 7, 90, 400])
def test_one_run_is_drawn_whatever_the_number_of_days(world: CliWorld, days: int) -> None:
    pulled(world, 0)

    html = world.run("report", "--html", "--days", str(days)).out

    assert "nan" not in html
    dots = [one for one in drawn(html).iter("circle") if one.get("class") == "fill c0"]
    assert len(dots) >= 2


def test_more_clients_than_colours_share_the_last_one(tmp_path: Path) -> None:
    toml = "".join(f'[clients.c{number}]\nhost = "h"\npaths = ["/"]\n' for number in range(12))

    words = words_of(CliWorld(tmp_path, toml).run("report", "--html").out)

    assert "5 others" in words
    assert "Backup duration (the 7 largest clients)" in words


def test_no_name_can_become_markup() -> None:
    evil = "<script>alert(1)</script>\"'&\x1b[2J\x00\udcff"
    days = (Day(number=0, outcomes={Outcome.SUCCESS: 1}, original_bytes=10, deduplicated_bytes=5, disk_bytes=9),)
    client = ClientReport(
        client=evil, state=evil, archives=1, last_success=NOON, repository=repository(), covered_month=1,
        covered_year=1, days=days,
    )  # fmt: skip

    html = page(HouseReport(name=evil, made=NOON, zone=UTC, starts=day_starts(NOON, UTC, 1), clients=(client,)))

    assert "<script" not in html
    assert "\x1b" not in html
    assert {one.tag for one in drawn(html).iter()} & {"script"} == set()
    assert html.encode("utf-8")


def test_only_markup_is_not_escaped() -> None:
    assert element("b", "<i>", Markup("<i/>"), class_='"x"') == '<b class="&quot;x&quot;">&lt;i&gt;<i/></b>'
    assert text("a\nb\x07") == "a\nb\\x07"


def test_the_page_is_written_to_a_file_in_one_step(world: CliWorld, tmp_path: Path) -> None:
    place = tmp_path / "report.html"

    shown = world.run("report", "--html", str(place))

    assert (shown.code, shown.out, shown.err) == (0, "", f"{place}\n")
    assert place.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert not list(tmp_path.glob(".report*"))


def test_a_folder_that_is_not_there_is_said(world: CliWorld, tmp_path: Path) -> None:
    shown = world.run("report", "--html", str(tmp_path / "lost" / "report.html"))

    assert shown.code == 3
    assert "the report cannot be written to" in shown.err


@pytest.mark.parametrize("most", [0, 1, 3, 1000, 1023, 5 * _GIB, 1023 * _GIB, 1 << 60])
def test_the_lines_of_bytes_hold_the_largest_value_and_differ(most: int) -> None:
    scale = bytes_scale(most)

    assert scale.place(most) <= 1
    assert 2 <= len(scale.ticks) <= 6
    assert len({scale.words(tick) for tick in scale.ticks}) == len(scale.ticks)


@pytest.mark.parametrize("most", [0, 0.5, 7, 61, 4000, 90000, 1e7])
def test_the_lines_of_durations_hold_the_largest_value_and_differ(most: float) -> None:
    scale = seconds_scale(most)

    assert scale.place(most) <= 1
    assert len({scale.words(tick) for tick in scale.ticks}) == len(scale.ticks)


@pytest.mark.parametrize("most", [0, 1, 5, 1000])
def test_runs_are_counted_in_whole_numbers(most: int) -> None:
    assert all(tick == int(tick) for tick in count_scale(most).ticks)


def test_each_power_of_ten_of_a_change_is_as_high_as_the_next() -> None:
    scale = part_scale(0.003)

    assert [scale.words(tick) for tick in scale.ticks] == ["0.1 %", "1 %", "10 %", "100 %"]
    assert [scale.place(tick) for tick in scale.ticks] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert scale.place(0) == 0


@pytest.mark.parametrize("days", [1, 2, 7, 30, 400])
def test_few_days_are_named_and_today_is_one_of_them(days: int) -> None:
    named = dates(day_starts(NOON, UTC, days), UTC)

    assert 1 <= len(named) <= 7
    assert named[-1] == (days - 1, "22 Nov")
