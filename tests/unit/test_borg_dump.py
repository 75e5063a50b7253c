"""What an archive holds of its files, out of Borg's own dump."""

from __future__ import annotations

import json

import pytest

from appliance.borg.dump import dump_archive, read_items
from appliance.errors import StateError
from appliance.plan.make import plan_run
from tests.house import NOON, one


def test_the_dump_goes_to_standard_output() -> None:
    plan = plan_run(one(), "fidelity", run_id="r", now=NOON, appliance_id="us")

    assert dump_archive(plan, "a").argv[-4:] == ("debug", "dump-archive", "/.borgpull/repository::a", "-")


def test_names_are_read_as_the_bytes_they_are() -> None:
    # As Borg 1.4.5 prints them: what is no UTF-8 in hexadecimal digits.
    dump = {"_items": [{"path": "t/new\nline", "uid": 1}, {"path": "\x7f742f7261772de9ff", "uid": 2}, {"path": "t/ä"}]}

    items = read_items(json.dumps(dump))

    assert list(items) == [b"t/new\nline", b"t/raw-\xe9\xff", "t/ä".encode()]
    assert items[b"t/raw-\xe9\xff"]["uid"] == 2


@pytest.mark.parametrize("text", ["", "[]", '{"_items": [{}]}', '{"_items": 1}'])
def test_what_is_no_dump_is_trouble(text: str) -> None:
    with pytest.raises(StateError, match="cannot be read"):
        read_items(text)
