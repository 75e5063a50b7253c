"""A new client's file comes whole and in one step, and never in place of another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from appliance.cli.client_files import judged, put
from appliance.errors import ConfigError
from tests.cli_world import CliWorld

if TYPE_CHECKING:
    from pathlib import Path


def test_what_has_come_meanwhile_stays(tmp_path: Path) -> None:
    file = tmp_path / "clients.d" / "web1.toml"
    put(file, "first")

    with pytest.raises(ConfigError, match="is there already"):
        put(file, "second")

    assert file.read_text(encoding="utf-8") == "first"
    assert [path.name for path in file.parent.iterdir()] == ["web1.toml"]


def test_a_share_without_hard_links_takes_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    file = tmp_path / "clients.d" / "web1.toml"

    put(file, "first")
    with pytest.raises(ConfigError):
        put(file, "second")

    assert file.read_text(encoding="utf-8") == "first"


def test_it_is_judged_with_all_the_others_before_it_is_there(tmp_path: Path) -> None:
    world = CliWorld(tmp_path)

    with pytest.raises(ConfigError, match="paths"):
        judged(world.surroundings(), "db1", '[clients.db1]\nhost = "db1.lan"\npaths = []\n')
    assert judged(world.surroundings(), "db1", '[clients.db1]\nhost = "db1.lan"\npaths = ["/"]\n').name == "db1"
    assert not (world.config / "clients.d").exists()
