from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.pull.names import clean_group, clean_passwd


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
