"""The card as a value, and what each method claims of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appliance.cli.trust_reference import _kinds
from appliance.config.load import MAIN, parse
from appliance.config.model import ApplianceSettings
from appliance.plan import fidelity_plan as planning
from appliance.plan.container import container_spec
from appliance.plan.fidelity import Card, Found, Row, Trait
from appliance.plan.fidelity_plan import claimed_lost, fidelity_plan, judged, refusal
from appliance.plan.trust import trust_of
from tests.clients import client_of
from tests.house import NOON, one

if TYPE_CHECKING:
    from appliance.config.model import Client

STREAM = """
[clients.web1]
method = "socat"
host = "web1.lan"
stream = { command = "dump", name = "dump" }
"""
# What no test tree can show.
NOT_ON_THE_CARD = ("what the share itself", "all but the bytes")


def card(*rows: Row) -> Card:
    return Card(client="web1", method="sshfs", names="client", taken=NOON, rows=rows)


def test_every_loss_of_the_trust_table_is_a_row_of_the_card() -> None:
    said = {loss for _, client in _kinds() for loss in trust_of(client).not_carried}

    unknown = {loss for loss in said if not loss.startswith((*planning._CLAIMS, *NOT_ON_THE_CARD))}

    assert unknown == set()


def test_a_borg_on_the_client_claims_to_lose_sockets_alone_and_sshfs_a_good_deal() -> None:
    assert claimed_lost(client_of("socat")) == {Trait.SOCKETS}
    assert {Trait.HARD_LINKS, Trait.ACLS, Trait.NANOSECONDS} < claimed_lost(one())
    assert Trait.OWNER_NAMES in claimed_lost(one(names='"numeric"'))


def test_what_a_listing_may_tell_is_no_surprise_either_way_and_what_it_never_tells_neither() -> None:
    assert claimed_lost(one(listing='"require"')) == {Trait.SOCKETS, Trait.FLAGS, Trait.ATTRIBUTES, Trait.ACLS}
    assert claimed_lost(one(listing='"auto"')) == claimed_lost(one(listing='"never"'))


def test_only_what_the_method_should_carry_is_a_surprise() -> None:
    rows = (
        Row(trait=Trait.HARD_LINKS, found=Found.LOST),
        Row(trait=Trait.MODES, found=Found.LOST),
        Row(trait=Trait.FIFOS, found=Found.NOT_TRIED),
        Row(trait=Trait.ACLS, found=Found.KEPT),
    )

    found = judged(card(*rows), one())

    assert [row.trait for row in found.surprises] == [Trait.MODES]
    assert found.summary == "1 kept, 2 lost, 1 not tried"


def test_a_card_is_read_back_as_it_was_written() -> None:
    written = judged(card(Row(trait=Trait.MODES, found=Found.LOST, note="0755 in place of 4755")), one())

    assert Card.from_json(json.loads(json.dumps(written.to_json()))) == written


@pytest.mark.parametrize(
    ("client", "words"),
    [
        (client_of("mount"), "mounted read-only: nothing can be put there"),
        (parse({MAIN: STREAM}, {}).clients[0], "there are no files"),
    ],
)
def test_where_nothing_can_be_put_there_is_no_card(client: Client, words: str) -> None:
    assert words in refusal(client)


@pytest.mark.parametrize("method", ["sshfs", "socat", "ssh-agent", "remote-forward"])
def test_a_card_sees_nothing_of_the_clients_own_repository(method: str) -> None:
    client = client_of(method)
    plan = fidelity_plan(client, run_id="fidelity-1", now=NOON, appliance_id="us", tree="/srv/tree")

    found = container_spec(client, plan, ApplianceSettings())

    sources = {mount.target: mount.source for mount in found.mounts}
    scratch = "/state/runs/web1/fidelity-1.scratch"
    for inside in ("repository", "cache", "restored", "passphrase"):
        assert sources[f"/.borgpull/{inside}"] == f"{scratch}/{inside}"
    assert [
        source for source in sources.values() if source.startswith(("/repos", "/state/cache", "/config/secr"))
    ] == []
    assert ("/.borgpull/restore_key" in sources) == (method == "sshfs")
    assert found.name == "borgpull-web1"
    assert (plan.repository_id, plan.known, plan.before, plan.exclude) == (None, (), (), ())
    assert plan.paths == ("/srv/tree",)


def test_hooks_let_the_pull_key_run_commands_and_then_it_brings_the_tree() -> None:
    assert planning.needs_restore_key(one())
    assert not planning.needs_restore_key(one(before='["true"]'))
