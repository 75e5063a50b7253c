"""Which files of an archive's list can be asked for by their names."""

from __future__ import annotations

import json

import pytest

from appliance.borg.search import read_member
from appliance.errors import StateError
from appliance.plan.sample import Member


def line(kind: str, path: str) -> str:
    return json.dumps({"type": kind, "path": path, "size": 15})


def test_a_file_with_its_own_content_can_be_asked_for() -> None:
    assert read_member(line("-", "odd/glob*[a]")) == Member("odd/glob*[a]", 15)


@pytest.mark.parametrize(
    ("kind", "path"),
    [("d", "odd"), ("l", "link"), ("h", "a further name"), ("-", "odd/latin1-??")],
)
def test_what_has_no_content_or_no_name_that_borg_finds_cannot(kind: str, path: str) -> None:
    assert read_member(line(kind, path)) is None


def test_what_is_no_such_line_is_said() -> None:
    with pytest.raises(StateError):
        read_member("{}")
