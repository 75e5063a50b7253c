"""What a run would do, told before it does it; and where each client is, for every method and reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cli_world import CliWorld
from tests.clients import GATEWAY, METHODS, ON_THE_CLIENT, written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path)


def planned(world: CliWorld, method: str, reach: str = "direct", extra: str = "") -> dict[str, Any]:
    world.configure(GATEWAY + written(method, reach, extra))
    shown = world.run("plan", "web1", "--json")
    assert shown.code == 0, shown.err
    return dict(shown.data)


def page(world: CliWorld, method: str, reach: str = "direct", extra: str = "") -> str:
    world.configure(GATEWAY + written(method, reach, extra))
    shown = world.run("plan", "web1")
    assert shown.code == 0, shown.err
    return shown.out


@pytest.mark.parametrize("method", METHODS)
def test_a_plan_says_where_borg_runs(world: CliWorld, method: str) -> None:
    found = planned(world, method)

    there = method in ON_THE_CLIENT
    assert found["runs_on"] == ("client" if there else "server")
    assert found["command"][0] == "borg"
    assert (found["serve"] is not None) is there
    assert (found["way"] is not None) is there


@pytest.mark.parametrize("method", ON_THE_CLIENT)
def test_both_ends_are_shown_with_names_for_what_only_the_run_will_know(world: CliWorld, method: str) -> None:
    text = page(world, method)

    (there,) = [line for line in text.splitlines() if line.startswith("on the client")]
    (here,) = [line for line in text.splitlines() if line.startswith("here")]
    assert "ssh://borgpull/.borgpull/repository::web1.tmp-RUN" in there
    assert "--exclude pp:CACHE/borgpull" in there
    assert "borg serve --append-only --restrict-to-repository /.borgpull/repository" in here
    assert "CACHE is the cache folder" in text


def test_the_way_of_each_method_is_its_own(world: CliWorld) -> None:
    assert "borg.sock" in planned(world, "socat")["way"]
    assert "nas.lan:2222" in planned(world, "ssh-agent")["way"]
    assert "the client's localhost" in planned(world, "remote-forward")["way"]


def test_a_quota_bounds_what_is_served_and_without_one_the_room_on_the_volume_does(world: CliWorld) -> None:
    own, room = planned(world, "socat", extra='quota = "500G"'), planned(world, "socat")

    assert own["serve"][own["serve"].index("--storage-quota") + 1] == "500000000000"
    assert int(room["serve"][room["serve"].index("--storage-quota") + 1]) == room["plan"]["storage_quota"] > 0


def test_a_called_back_port_is_open_only_while_the_container_runs(world: CliWorld) -> None:
    assert "port 2222 of this host while it runs" in page(world, "ssh-agent")
    assert "of this host while it runs" not in page(world, "socat")


def test_hooks_are_shown_with_what_comes_of_their_failure(world: CliWorld) -> None:
    hooks = 'before = ["dump"]\nafter = [{ command = "tidy", timeout = "10s", on_failure = "warn" }]'

    text = page(world, "socat", extra=hooks)

    assert "dump (at most 300 s; no run without it)" in text
    assert "tidy (at most 10 s; a warning without it)" in text


def test_a_stream_is_the_source(world: CliWorld) -> None:
    text = written("socat", extra='stream = { command = "pg_dumpall", name = "all.sql" }').replace('paths = ["/"]', "")
    world.configure(text)

    shown = world.run("plan", "web1").out

    assert "what `pg_dumpall` prints, as all.sql" in shown
    assert "--content-from-command --stdin-name all.sql" in shown
    assert "what `pg_dumpall` prints" in world.run("client", "list").out


@pytest.mark.parametrize("method", ["sshfs", "socat"])
def test_the_reach_is_part_of_the_source(world: CliWorld, method: str) -> None:
    assert "through john@inter port 22" in page(world, method, "jump")
    assert "through the tunnel" in page(world, method, "dial-in")


@pytest.mark.parametrize(
    ("reach", "source"),
    [
        ("direct", "root@web1.lan: /"),
        ("jump", "root@web1.lan through john@inter: /"),
        ("dial-in", "root@web1.lan through its tunnel: /"),
    ],
)
def test_the_list_says_how_each_client_is_reached(world: CliWorld, reach: str, source: str) -> None:
    world.configure(GATEWAY + written("socat", reach))

    (found,) = world.run("client", "list", "--json").data

    assert (found["method"], found["reach"], found["source"]) == ("socat", reach, source)
    assert source in world.run("client", "list").out


@pytest.mark.parametrize("method", METHODS)
def test_the_list_shows_the_method(world: CliWorld, method: str) -> None:
    world.configure(written(method))

    assert f"web1    {method} (" in world.run("client", "list").out
