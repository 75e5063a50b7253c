from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pull.names import clean_group, clean_passwd, not_in_the_chroot

if TYPE_CHECKING:
    from pathlib import Path


def test_names_and_numbers_pass_and_nothing_else() -> None:
    text = "root:x:0:0:Root:/root:/bin/bash\nalice:$6$hash:1000:100:Alice:/home/alice:/bin/zsh\n"

    assert clean_passwd(text) == "root:x:0:0::/:/bin/false\nalice:x:1000:100::/:/bin/false\n"


def test_members_of_groups_are_left_out() -> None:
    assert clean_group("wheel:x:10:alice,bob\n") == "wheel:x:10:\n"


def test_lines_that_are_not_entries_are_dropped() -> None:
    text = "+nis\n#comment:x:1:1\nshort:x:1\nbad:x:minus:1\n:x:1:1\nhuge:x:4294967295:1\nesc\x1b[2J:x:1:1\n"

    assert clean_passwd(text) == ""


@given(st.text())
def test_whatever_a_client_sends_comes_out_well_formed_or_not_at_all(text: str) -> None:
    for cleaned, fields in ((clean_passwd(text), 7), (clean_group(text), 4)):
        for line in cleaned.splitlines():
            assert line.count(":") == fields - 1
            assert line.isprintable()


def test_plain_files_in_a_plain_folder_are_in_the_chroot(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for name in ("passwd", "group"):
        (tmp_path / "etc" / name).touch()

    assert not_in_the_chroot(tmp_path) == ()


def test_a_file_that_is_a_link_or_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").symlink_to("/etc/passwd")

    assert not_in_the_chroot(tmp_path) == ("/etc/passwd", "/etc/group")


@pytest.mark.parametrize("leads_to", ["/etc", "/nowhere"])
def test_behind_a_folder_that_is_a_link_both_are_named(tmp_path: Path, leads_to: str) -> None:
    (tmp_path / "etc").symlink_to(leads_to)

    assert not_in_the_chroot(tmp_path) == ("/etc/passwd", "/etc/group")
