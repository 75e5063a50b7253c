"""How a client stands, from the few values of its configuration that the supervisor leaves for others."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.config.load import MAIN, parse
from appliance.errors import ConfigError
from appliance.plan.known_clients import KnownClient, client_state, from_json, insist_not_emptied, to_json
from appliance.ports import Standing
from appliance.record import Outcome, Reason
from tests.house import NOON, history, house, one, record

if TYPE_CHECKING:
    from datetime import datetime

    from appliance.ports import ClientHistory

ONE_CLIENT = 'host = "b"\npaths = ["/"]\n'


def test_the_state_of_a_client_in_one_word() -> None:
    failed = record(Outcome.FAILED, Reason.UNREACHABLE)
    skipped = record(Outcome.SKIPPED, Reason.BUSY)

    def state(past: ClientHistory | None, *, running: bool = False, now: datetime = NOON) -> str:
        standing = Standing.of(past) if past else None
        return client_state(KnownClient.of(one(max_age='"36h"')), standing, running=running, now=now)

    disabled = KnownClient.of(one(enabled="false"))
    assert client_state(disabled, Standing.of(history(record())), running=False, now=NOON) == "disabled"
    assert state(None, running=True) == "running"
    assert state(None) == "never"
    assert state(history(skipped)) == "never"
    assert state(history(failed)) == "failing"
    assert state(history(record(), failed, skipped)) == "failing"
    assert state(history(record())) == "ok"
    assert state(history(record(Outcome.WARNING, Reason.UNREADABLE))) == "ok"
    assert state(history(record()), now=NOON + timedelta(hours=37)) == "overdue"
    assert state(history(record()), now=NOON - timedelta(hours=25)) == "overdue"
    assert state(history(record()), now=NOON - timedelta(hours=23)) == "ok"


def test_what_is_left_for_others_is_read_back_while_the_files_are_the_same() -> None:
    appliance = house("a", "b")

    told = to_json(appliance, "borgpull.toml 1 2")

    assert from_json(told, "borgpull.toml 1 2") == tuple(map(KnownClient.of, appliance.clients))
    assert from_json(told, "borgpull.toml 1 3") is None


@pytest.mark.parametrize(
    "told", [None, "", "{}", "[]", "no JSON", '{"fingerprint": "files"}', '{"fingerprint": "files", "clients": [[1]]}']
)
def test_what_another_version_left_is_nothing(told: str | None) -> None:
    assert from_json(told, "files") is None


def test_nothing_written_after_clients_that_held_is_a_cut_off_file() -> None:
    blank = parse({MAIN: "# nothing\n"}, {})

    with pytest.raises(
        ConfigError, match=r"borgpull.toml: is empty .* so far there were 4 \(a, b, c, …\).*\[appliance\]"
    ):
        insist_not_emptied(blank, to_json(house("a", "b", "c", "d"), "files"))


@pytest.mark.parametrize(
    "told", [None, "", "no JSON", '{"clients": 1}', '{"clients": [[]]}', to_json(house(), "files")]
)
def test_nothing_written_is_fine_where_no_client_was(told: str | None) -> None:
    insist_not_emptied(parse({MAIN: ""}, {}), told)


@pytest.mark.parametrize("files", [{MAIN: "[appliance]\n"}, {MAIN: "[appliance]\n", "clients.d/b.toml": ONE_CLIENT}])
def test_whatever_is_written_may_take_the_clients_away(files: dict[str, str]) -> None:
    insist_not_emptied(parse(files, {}), to_json(house("a"), "files"))


def test_settings_that_are_gone_are_a_cut_off_file_whatever_clients_there_are() -> None:
    blank = parse({MAIN: "", "clients.d/b.toml": ONE_CLIENT}, {})

    with pytest.raises(ConfigError, match=r"borgpull.toml: is empty, where so far it was not: .*\[appliance\]"):
        insist_not_emptied(blank, to_json(house("a", "b"), "files"))


def test_clients_alone_are_fine_where_there_were_no_settings() -> None:
    alone = parse({MAIN: "# all in clients.d\n", "clients.d/b.toml": ONE_CLIENT}, {})

    for told in (None, "no JSON", '{"clients": []}', to_json(alone, "files")):
        insist_not_emptied(alone, told)
