from __future__ import annotations

import pytest

from appliance.borg.command import host_id
from appliance.borg.locks import are_all_dead, belongs_to, holders


def test_owners_are_read_from_lock_names_and_from_the_roster() -> None:
    roster = '{"exclusive": [["borgpull-app-r1", 7, 0]], "shared": [["nas@123", 9, 1]]}'

    owners = holders(("borgpull-app-r2.17-0",), roster)

    assert owners == {"borgpull-app-r2", "borgpull-app-r1", "nas@123"}


@pytest.mark.parametrize("roster", ["{", "[1]", '{"exclusive": 3}', '{"exclusive": [[]]}'])
def test_a_roster_that_is_not_understood_counts_as_a_strangers(roster: str) -> None:
    assert not are_all_dead(holders((), roster), "app", ())


def test_a_lock_of_a_run_that_is_gone_is_dead() -> None:
    assert are_all_dead(frozenset({host_id("app", "r1")}), "app", ("r2",))


def test_a_lock_of_a_container_that_still_runs_is_alive() -> None:
    assert not are_all_dead(frozenset({host_id("app", "r1"), host_id("app", "r2")}), "app", ("r2",))


@pytest.mark.parametrize("owner", ["laptop@0242ac110002", "borgpull-other-r1", "root@nas@1"])
def test_a_strangers_lock_is_never_dead(owner: str) -> None:
    assert not are_all_dead(frozenset({owner, host_id("app", "r1")}), "app", ())


def test_a_lock_belongs_to_the_run_in_its_name_and_to_no_other() -> None:
    assert belongs_to(host_id("app", "20261122-ab"), "20261122-ab")
    assert not belongs_to(host_id("app", "20261122-ab"), "20261122-ac")
    assert not belongs_to("laptop-20261122-ab", "20261122-ab")
