"""The Compose file suits old and new Compose, and the demo's configuration suits the Compose file."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parents[2]
_OLD = ("docker-compose",)
_NEW = ("docker", "compose")
_HERE = [words for words in (_OLD, _NEW) if shutil.which(words[0])]


def _compose(*words: str, **environment: str) -> str:
    known = {name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_CONFIG") if name in os.environ}
    done = subprocess.run(
        words, cwd=_ROOT, env=known | environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _resolved(**environment: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_compose(*_NEW, "config", "--format", "json", **environment))
    return found


@pytest.mark.parametrize("words", _HERE, ids=" ".join)
@pytest.mark.parametrize("profile", ["", "demo", "monitoring"])
def test_every_compose_on_this_machine_accepts_the_file(words: tuple[str, ...], profile: str) -> None:
    _compose(*words, "config", "--quiet", COMPOSE_PROFILES=profile)


def test_an_appliance_without_settings_publishes_its_port_on_loopback_only() -> None:
    (port,) = _resolved()["services"]["supervisor"]["ports"]

    assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", "9187", 9187)


def test_without_the_demo_only_the_supervisor_runs() -> None:
    assert list(_resolved()["services"]) == ["supervisor"]


def test_every_setting_of_the_heading_is_heeded() -> None:
    settings = {
        "CONFIG_DIR": "/elsewhere/config",
        "REPO_DIR": "/elsewhere/repos",
        "DOCKER_SOCK": "/elsewhere/docker.sock",
        "BIND": "192.0.2.1",
        "PORT": "19187",
        "TZ": "Europe/Berlin",
        "BORGPULL_IMAGE": "somewhere/borgpull:1",
    }
    supervisor = _resolved(**settings)["services"]["supervisor"]

    told = json.dumps(supervisor)
    assert [value for value in settings.values() if value not in told] == []


def test_the_demos_pull_containers_join_the_network_of_its_machines() -> None:
    demo = tomllib.loads((_ROOT / "config/demo/borgpull.toml").read_text(encoding="utf-8"))

    assert demo["appliance"]["network"] == _resolved(COMPOSE_PROFILES="demo")["networks"]["demo"]["name"]


_BEHIND_OTHERS = ("demo-inner", "demo-laptop", "demo-router", "demo-cabin")


def _demo() -> dict[str, Any]:
    return _resolved(COMPOSE_PROFILES="demo")


@pytest.mark.parametrize("machine", _BEHIND_OTHERS)
def test_what_the_demo_reaches_by_other_ways_is_in_no_network_of_the_appliance(machine: str) -> None:
    services = _demo()["services"]

    assert not {"demo", *services["supervisor"]["networks"]} & set(services[machine]["networks"])


def test_each_machine_in_between_reaches_what_lies_behind_it() -> None:
    networks = {name: set(service.get("networks") or ()) for name, service in _demo()["services"].items()}

    assert networks["demo-inter"] == {"demo"} | networks["demo-inner"]
    assert networks["demo-router"] == networks["demo-laptop"] | networks["demo-cabin"]


def test_nothing_gets_in_or_out_of_the_networks_behind_a_machine_in_between() -> None:
    networks = _demo()["networks"]

    assert [name for name in ("inner", "cabin") if not networks[name].get("internal")] == []


def test_the_demos_machines_that_dial_in_know_the_gateways_name() -> None:
    demo = tomllib.loads((_ROOT / "config/demo/borgpull.toml").read_text(encoding="utf-8"))
    gateway = demo["appliance"]["gateway"].partition(":")[0]
    services = _demo()["services"]

    for machine in ("demo-laptop", "demo-router"):
        assert any(re.match(rf"{gateway}\b", host) for host in services[machine]["extra_hosts"])


def test_the_demo_builds_every_machine_that_it_starts() -> None:
    script = (_ROOT / "scripts/demo").read_text(encoding="utf-8")
    built = re.search(r"^scripts/build lab (.+)$", script, re.MULTILINE)
    assert built
    images = {service["image"] for name, service in _demo()["services"].items() if name != "supervisor"}

    assert images == {f"borgpull-lab:{machine}" for machine in built[1].split()}
