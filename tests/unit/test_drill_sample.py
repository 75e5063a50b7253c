"""What a drill chooses of an archive."""

from __future__ import annotations

from typing import Any

from appliance.plan.sample import LARGEST_FILE
from appliance.pull.drills.sample import MOST_BYTES, MOST_FILES, choose


def member(path: str, *, mode: str = "-rw-r--r--", size: int = 10, source: str = "", **more: object) -> dict[str, Any]:
    return {"path": path, "type": mode[0], "mode": mode, "size": size, "source": source, **more}


def test_there_is_one_of_every_kind_among_thousands_of_plain_files() -> None:
    odd = [
        member("d", mode="drwxr-xr-x"),
        member("d/l", mode="lrwxrwxrwx", source="x"),
        member("d/p", mode="prw-r--r--"),
        member("d/empty", size=0),
        member("d/run", mode="-rwxr-xr-x"),
        member("d/su", mode="-rwsr-xr-x"),
        member("d/naïve"),
        member("d/second", source="d/first"),
        member("d/first"),
    ]
    plain = [member(f"f/{number}") for number in range(5000)]

    sample = choose([*plain[:2500], *odd, *plain[2500:]], "seed")

    assert {one["path"] for one in odd if one["path"] != "d/run"} <= set(sample.paths)
    assert {"d/run", "d/su"} & set(sample.paths)
    assert MOST_FILES <= len(sample.paths) <= MOST_FILES + len(odd) + 1
    assert sample.members == 5009
    assert set(sample.kinds) == {
        "file", "empty file", "program", "set-id file", "file of a foreign name",
        "folder", "symbolic link", "hard link", "fifo",
    }  # fmt: skip


def test_another_drill_chooses_others_and_the_same_one_the_same() -> None:
    files = [member(f"f/{number}") for number in range(5000)]

    assert choose(files, "a").paths == choose(files, "a").paths
    assert choose(files, "a").paths != choose(files, "b").paths


def test_every_file_has_its_chance() -> None:
    files = [member(f"f/{number}") for number in range(1000)]

    chosen = {path for seed in range(40) for path in choose(files, str(seed)).paths}

    assert len(chosen) > 990


def test_a_drill_stays_small() -> None:
    files = [member(f"f/{number}", size=LARGEST_FILE) for number in range(100)]

    paths = choose([*files, member("huge", size=LARGEST_FILE + 1)], "seed").paths

    assert len(paths) <= MOST_BYTES // LARGEST_FILE + 1
    assert "huge" not in paths


def test_a_file_with_content_is_chosen_among_any_number_of_empty_ones() -> None:
    empty = [member(f"f/{number}", size=0) for number in range(5000)]

    for seed in "abc":
        sample = choose([*empty, member("only")], seed)
        assert "only" in sample.paths
        assert (sample.holds_content, sample.begun) == (True, None)


def test_of_huge_files_alone_the_beginning_of_the_smallest_is_read() -> None:
    huge = [member("d/disk", size=9 * LARGEST_FILE), member("d/dump", size=2 * LARGEST_FILE)]
    others = [member("d", mode="drwxr-xr-x", size=0), member("d/empty", size=0), member("wh?t", size=LARGEST_FILE + 1)]

    sample = choose([*others, *huge], "seed")

    assert sample.begun == ("d/dump", 2 * LARGEST_FILE)
    assert sample.paths == ("d", "d/empty")
    assert not sample.holds_content
    assert choose([*huge, member("small")], "seed").begun is None


def test_a_further_name_of_a_huge_file_does_not_bring_it_back() -> None:
    huge, second = member("disk", size=9 * LARGEST_FILE), member("second", size=0, source="disk")

    assert choose([huge, second, member("fine")], "seed").paths == ("fine",)


def test_what_cannot_be_named_exactly_or_made_without_rights_is_left_out() -> None:
    left_out = [member("wh?t"), member(" x"), member("dev", mode="brw-r--r--"), member("sock", mode="srw-r--r--")]

    assert choose([*left_out, member("fine")], "seed").paths == ("fine",)


def test_what_a_repair_has_filled_with_zeros_is_seen_wherever_it_is() -> None:
    assert choose([member("a"), member("b?", healthy=False)], "seed").broken == ("b?",)
