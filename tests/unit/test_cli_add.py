"""Clients of every method and reach, made by the command line alone; a wrong pair leaves nothing behind."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli_world import CliWorld
from tests.clients import GATEWAY

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path, GATEWAY)


def added(world: CliWorld, *options: str) -> dict[str, Any]:
    shown = world.run("client", "add", "db1", *options)
    assert shown.code == 0, shown.err
    text = (world.config / "clients.d/db1.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["clients"]["db1"])


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (("--method", "socat", "--quota", "500G"), {"method": "socat", "quota": "500G"}),
        (
            ("--method", "ssh-agent", "--callback", "nas.lan:2222"),
            {"method": "ssh-agent", "callback": "nas.lan:2222"},
        ),
        (
            ("--method", "remote-forward", "--reach", "dial-in"),
            {"method": "remote-forward", "reach": "dial-in"},
        ),
        (("--jump", "john@inter.lan"), {"jump": ["john@inter.lan"], "reach": "jump"}),
        (
            ("--reach", "jump", "--jump", "john@inter.lan:2222", "--jump", "ann@deep.lan"),
            {"reach": "jump", "jump": ["john@inter.lan:2222", "ann@deep.lan"]},
        ),
    ],
)
def test_each_method_and_reach_is_added_in_one_command(
    world: CliWorld, options: tuple[str, ...], keys: dict[str, object]
) -> None:
    found = added(world, "--host", "db1.lan", *options)

    assert {key: found[key] for key in keys} == keys
    assert found["paths"] == ["/"]
    assert "db1" in world.keys.pairs
    assert world.run("config", "check").code == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--method", "ssh-agent", "--callback", "nas.lan:2222", "--reach", "dial-in"), 'reach = "dial-in"'),
        (("--method", "ssh-agent"), "callback"),
        (("--method", "socat", "--callback", "nas.lan:2222"), "callback"),
        (("--reach", "jump"), "jump"),
        (("--reach", "direct", "--jump", "john@inter.lan"), "jump"),
        (("--jump", "inter.lan"), "jump"),
        (("--method", "ssh-agent", "--callback", "nas.lan"), "callback"),
        (("--quota", "much"), "quota"),
        (("--method", "socat", "--quota", "much"), "quota"),
        (("--method", "socat", "--folder", "/mnt/nas"), "folder"),
        (("--method", "socat", "--names", "chroot"), "names"),
    ],
)
def test_what_does_not_go_together_is_said_and_leaves_nothing(
    world: CliWorld, options: tuple[str, ...], told: str
) -> None:
    shown = world.run("client", "add", "db1", "--host", "db1.lan", *options)

    assert shown.code == 2
    assert "clients.d/db1.toml" in shown.err
    assert told in shown.err
    assert not (world.config / "clients.d/db1.toml").exists()
    assert not world.keys.pairs


def test_without_a_gateway_nobody_can_be_told_to_dial_in(world: CliWorld) -> None:
    world.configure("")

    shown = world.run("client", "add", "db1", "--host", "localhost", "--reach", "dial-in")

    assert shown.code == 2
    assert 'gateway = "nas.lan:2200"' in shown.err
    assert not (world.config / "clients.d/db1.toml").exists()


def test_an_unknown_method_names_those_there_are(world: CliWorld) -> None:
    shown = world.run("client", "add", "db1", "--host", "db1.lan", "--method", "nfs")

    assert shown.code == 2
    assert "'remote-forward'" in shown.err


def test_what_the_defaults_say_is_left_to_them(world: CliWorld) -> None:
    world.configure('[defaults]\npaths = ["/srv"]\nexclude = ["/srv/tmp"]\n')

    assert added(world, "--host", "db1.lan", "--method", "socat") == {"host": "db1.lan", "method": "socat"}
