"""`borgpull client probe --fidelity`: the operator's yes, what is printed and remembered, and every way it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appliance.errors import ExitCode
from appliance.plan.events import Data, Result, write
from appliance.plan.fidelity import Card, Found, Row, Trait
from appliance.ports import ContainerSpec
from appliance.record import Outcome, Reason
from tests.cli_world import CliWorld
from tests.fakes import Script
from tests.house import NOON

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

CLIENTS = """
[clients.web1]
method = "socat"
host = "web1.lan"
paths = ["/"]

[clients.plain]
host = "plain.lan"
paths = ["/"]

[clients.media]
method = "mount"
folder = "/mnt/media"
"""
ROWS = (
    Row(trait=Trait.CONTENTS, found=Found.KEPT),
    Row(trait=Trait.SOCKETS, found=Found.LOST, note="it is not in the archive"),
    Row(trait=Trait.FLAGS, found=Found.NOT_TRIED, note="no chattr there"),
)


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    found = CliWorld(tmp_path, CLIENTS)
    for client in ("web1", "plain"):
        for place in ("keys/{}/id_ed25519", "secrets/{}/passphrase", "known_hosts/{}"):
            file = found.config / place.format(client)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{client} ssh-ed25519 AAAA\n")
    return found


def card(client: str, *rows: Row) -> dict[str, Any]:
    return {"card": Card(client=client, method="socat", names="client", taken=NOON, rows=rows).to_json()}


def play(world: CliWorld, *said: dict[str, Any], reason: Reason | None = None, message: str = "") -> list[Path]:
    """Let the container say that; what lay in the scratch folder meanwhile is returned."""
    seen: list[Path] = []
    outcome = Outcome.FAILED if reason else Outcome.SUCCESS
    lines = (*(write(Data(value=one)) for one in said), write(Result(outcome=outcome, reason=reason, message=message)))

    def playing(spec: ContainerSpec) -> Script:
        seen.extend(sorted((world.state / "runs").glob("*/*.scratch/*")))
        assert spec.name.startswith("borgpull-")
        return Script(lines=lines, exit_code=outcome.exit_code)

    world.engine.play = playing
    return seen


GONE: dict[str, Any] = {"tree": "/srv/t", "gone": True}
STAYS: dict[str, Any] = {"tree": "/srv/t", "gone": False}


def test_the_card_is_printed_and_remembered_and_nothing_lies_about_afterwards(world: CliWorld) -> None:
    lay_there = play(world, GONE, card("web1", *ROWS))

    shown = world.run("client", "probe", "web1", "--fidelity", "--yes")

    assert shown.code == 0, shown.err
    assert "web1 by method socat (client): 1 kept, 1 lost, 1 not tried." in shown.out
    assert "Nothing got lost that this method should carry" in shown.out
    assert [one.name for one in lay_there] == ["cache", "passphrase", "repository", "restored"]
    assert list((world.state / "runs" / "web1").iterdir()) == []
    assert world.journal.fact("fidelity-folders:web1") == "[]"
    assert world.engine.inspect("borgpull-web1") is None
    listed = world.run("client", "list", "--trust").out
    assert "2026" in listed or f"{NOON:%Y-%m-%d}" in listed
    assert "1 kept, 1 lost, 1 not tried; lost: sockets" in listed
    (trusted,) = (one for one in world.run("client", "list", "--trust", "--json").data if one["client"] == "web1")
    assert trusted["fidelity"]["rows"][1]["claimed_lost"] is True


def test_what_the_method_should_carry_and_does_not_is_a_warning(world: CliWorld) -> None:
    play(world, GONE, card("web1", *ROWS, Row(trait=Trait.ACLS, found=Found.LOST)))

    shown = world.run("client", "probe", "web1", "--fidelity", "--yes", "--json")

    assert shown.code == ExitCode.WARNING
    (found,) = shown.data
    assert (found["surprises"], found["stays"]) == (["ACLs"], None)


def test_nothing_happens_without_the_operators_yes(world: CliWorld) -> None:
    play(world, GONE, card("web1"))

    shown = world.run("client", "probe", "web1", "--fidelity", typed="n\n")

    assert shown.code == ExitCode.CANCELLED
    assert "is put on web1 as /var/tmp/borgpull-fidelity." in shown.err
    assert world.engine.started == []


def test_sshfs_brings_the_tree_with_the_restore_key_and_says_so_first(world: CliWorld) -> None:
    play(world, GONE, card("plain", *ROWS))

    shown = world.run("client", "probe", "plain", "--fidelity", typed="y\n")

    assert shown.code == 0, shown.err
    assert "by the restore key (its lease must be open" in shown.err
    assert "plain" in world.keys.restoring
    (spec,) = world.engine.started
    assert "/.borgpull/restore_key" in {mount.target for mount in spec.mounts}


def test_a_tree_that_stays_is_named_and_the_next_card_is_told_where(world: CliWorld) -> None:
    play(world, STAYS, card("web1", *ROWS))
    first = world.run("client", "probe", "web1", "--fidelity", "--yes", "--at", "/srv/x/")
    play(world, GONE, card("web1", *ROWS))
    plans: list[dict[str, Any]] = []
    playing = world.engine.play

    def reading(spec: ContainerSpec) -> Script:
        plans.extend(json.loads(one.read_text()) for one in (world.state / "runs" / "web1").glob("fidelity-*.json"))
        return playing(spec)

    world.engine.play = reading
    world.run("client", "probe", "web1", "--fidelity", "--yes")

    assert first.code == ExitCode.WARNING
    assert "stays on web1 as /srv/t" in first.err
    (plan,) = plans
    assert plan["arguments"] == ["pull", "/srv/x"]


def test_a_container_that_was_killed_leaves_the_place_of_its_tree_known(world: CliWorld) -> None:
    world.engine.play = lambda _spec: Script(lines=(), exit_code=137)

    shown = world.run("client", "probe", "web1", "--fidelity", "--yes", "--at", "/srv/x")

    assert shown.code == ExitCode.INTERRUPTED
    assert world.journal.fact("fidelity-folders:web1") == '["/srv/x"]'
    assert world.journal.fact("fidelity:web1") is None


def test_a_failure_is_a_sentence_and_a_code(world: CliWorld) -> None:
    play(world, reason=Reason.RESTORE_KEY, message="the restore key is shut out.")

    shown = world.run("client", "probe", "plain", "--fidelity", "--yes")

    assert (shown.code, shown.out) == (ExitCode.FAILED, "")
    assert "the restore key is shut out." in shown.err


def test_never_beside_another_run(world: CliWorld) -> None:
    world.engine.play = lambda _spec: Script(hangs=True)
    world.engine.start(ContainerSpec(name="borgpull-web1", command=(), labels={}, mounts=(), network="none"))

    shown = world.run("client", "probe", "web1", "--fidelity", "--yes")

    assert shown.code == ExitCode.ENGINE
    assert "web1 is busy" in shown.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("media", "--fidelity"), "mounted read-only"),
        (("web1", "--fidelity", "--at", "var/tmp"), "--at must be an absolute path"),
        (("web1", "--fidelity", "--at", "/var/../etc"), "--at must be an absolute path"),
        (("web1", "--fidelity", "--at", "/x;reboot"), "--at must be an absolute path"),
        (("web1", "--yes"), "belong to --fidelity"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_happens(
    world: CliWorld, words: tuple[str, ...], sentence: str
) -> None:
    shown = world.run("client", "probe", *words)

    assert shown.code == ExitCode.CONFIG
    assert sentence in " ".join(shown.err.split())
    assert world.engine.started == []
