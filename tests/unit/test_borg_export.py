"""What Borg is asked to print for a restore: what was named, the folders on the way there, and nothing damaged."""

from __future__ import annotations

import pytest

from appliance.borg.export import export_tar, folders_on_the_way, name_files
from appliance.plan.run_plan import RunPlan

PLAN = RunPlan(run_id="r1", client="web1", operation="restore", appliance_id="app", method="sshfs", names="client")
ARCHIVE = "/.borgpull/repository::web1-1"


def asked(*paths: str, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    argv = export_tar(PLAN, "web1-1", paths, without=without).argv
    return argv[argv.index("export-tar") :]


def test_everything_is_an_archive_without_paths() -> None:
    assert asked() == ("export-tar", ARCHIVE, "-", "--")


def test_plain_paths_bring_the_folders_above_them_and_patterns_go_as_they_are() -> None:
    assert asked("home/bob/x", "sh:etc/*.conf") == (
        "export-tar", ARCHIVE, "-", "--", "pp:home/bob/x", "sh:etc/*.conf", "pf:home", "pf:home/bob",
    )  # fmt: skip


def test_a_path_that_looks_like_an_option_is_a_path() -> None:
    assert asked("-rf")[-2:] == ("--", "pp:-rf")


def test_what_is_damaged_is_left_out_by_its_exact_path() -> None:
    assert asked("a", without=("a/b",))[1:3] == ("--exclude", "pf:a/b")


def test_to_find_what_is_damaged_each_file_is_named_and_nothing_kept() -> None:
    argv = name_files(PLAN, "web1-1", (), without=()).argv

    assert argv[argv.index("export-tar") :] == ("export-tar", "--list", ARCHIVE, "/dev/null", "--")


@pytest.mark.parametrize(
    ("paths", "above"),
    [
        (("etc",), ()),
        (("/home/bob/",), ("home",)),
        (("home/bob/x", "home/eve"), ("home", "home/bob")),
        (("home", "home/bob/x"), ()),
        (("pf:a/b/c",), ("a", "a/b")),
        (("re:a/b/c", "fm:a/b"), ()),
    ],
)
def test_folders_on_the_way_are_those_that_nobody_asked_for(paths: tuple[str, ...], above: tuple[str, ...]) -> None:
    assert folders_on_the_way(paths) == above
