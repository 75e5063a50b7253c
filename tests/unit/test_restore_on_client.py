"""Way client in values: what an old Borg must not extract, which versions are careful, and the command itself."""

from __future__ import annotations

import re

from appliance.borg.extract import extract_on_client
from appliance.pull.restores.leading_out import in_folders_of_odd_names, unsafe
from appliance.pull.restores.on_client import version


def entry(path: str, kind: str = "-", source: str = "") -> dict[str, str]:
    return {"path": path, "type": kind, "source": source}


def test_what_leads_out_is_left_out_by_its_exact_path() -> None:
    found = unsafe(
        [
            entry("a", "d"),
            entry("a/link", "l", "/etc"),
            entry("a/link/passwd"),
            entry("a/link", "d"),
            entry("../up"),
            entry("/root"),
            entry("a/hard", source="etc/shadow"),
            entry("a/file"),
            entry("a/name", source="a/file"),
        ]
    )

    assert [one.path for one in found] == ["a/link/passwd", "a/link", "../up", "/root", "a/hard"]
    assert "links are not followed" in found[0].why
    assert [one.pattern for one in found[2:4]] == [r"re:^\.\./up$", "re:^root$"]


def test_what_nobody_could_look_at_is_left_out_in_place() -> None:
    assert in_folders_of_odd_names(["a/b", "c?"]) == []
    (odd,) = in_folders_of_odd_names(["a/b?/c", "d?/e"])
    assert re.search(odd.pattern.removeprefix("re:"), "a/b\udce9/c")
    assert not re.search(odd.pattern.removeprefix("re:"), "a/b?/c\udce9")


def test_a_question_mark_may_stand_for_any_byte() -> None:
    (found,) = unsafe([entry("a?/../b")])

    assert re.search(found.pattern.removeprefix("re:"), "a\udce9/../b")


def test_versions_compare_as_numbers() -> None:
    assert version("1.4.10") > version("1.4.5") > version("1.2.8")
    assert version("1.4.0b2") == (1, 4, 0)


def test_a_part_goes_by_names_and_everything_by_numbers() -> None:
    whole = extract_on_client("web1-1", (), base="/b", rsh="sh /r").argv
    part = extract_on_client("web1-1", ("etc",), base="/b", rsh="sh /r", without=("pp:home",)).argv

    assert "--numeric-ids" in whole
    assert "--numeric-ids" not in part
    assert part[-5:] == ("--exclude", "pp:home", "ssh://borgpull/.borgpull/repository::web1-1", "--", "pp:etc")
