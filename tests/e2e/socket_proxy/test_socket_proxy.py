"""Everything works through a socket proxy that lets through what config/socket-proxy says, and no more is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.engine import docker
from tests.e2e.harness.lab import LIFETIME_SECONDS
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import outside_archives

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine

_ROOT = Path(__file__).parents[3]
_OVERRIDE = yaml.safe_load((_ROOT / "config/socket-proxy/compose.yaml").read_text(encoding="utf-8"))["services"]
_GROUPS: dict[str, int] = _OVERRIDE["socket-proxy"]["environment"]
_PROXY = Path(__file__).with_name("socket_proxy.py").read_text(encoding="utf-8")
_PYTHON = "/opt/borgpull/bin/python"
_ASK = "import sys, urllib.request as r; print(r.urlopen(r.Request(sys.argv[2], method=sys.argv[1])).status)"


class Proxied:
    """An appliance without a socket, and the proxy that it reaches the engine through."""

    def __init__(self, lab: Lab) -> None:
        self.proxy = lab.name("socket-proxy")
        allowed = [word for name, value in _GROUPS.items() for word in ("--env", f"{name}={value}")]
        docker(
            "run", "--detach", "--init", "--name", self.proxy, "--label", lab.label, "--network", lab.network,
            "--volume", "/var/run/docker.sock:/var/run/docker.sock", *allowed, "--entrypoint", "timeout",
            lab.image, str(LIFETIME_SECONDS), _PYTHON, "-c", _PROXY, "2375", "/var/run/docker.sock",
        )  # fmt: skip
        self.appliance = ApplianceUnderTest(lab)
        self.appliance.create(
            "--network", lab.network, "--env", f"DOCKER_HOST={self.engine}",
            engine=tuple(_OVERRIDE["supervisor"]["volumes"]),
        )  # fmt: skip

    @property
    def engine(self) -> str:
        return f"tcp://{self.proxy}:2375"

    def requests(self, word: str) -> list[str]:
        """Return the requests that were passed or refused, each with its group before it."""
        said = docker("logs", self.proxy).stdout.splitlines()
        return [line.removeprefix(f"{word} ") for line in said if line.startswith(f"{word} ")]

    def ask(self, method: str, path: str) -> str:
        """Ask the engine from the supervisor's place for something else; return how that ends."""
        url = f"http://{self.proxy}:2375{path}"
        done = docker("exec", self.appliance.supervisor, _PYTHON, "-c", _ASK, method, url, check=False)
        return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def proxied(lab: Lab) -> Iterator[Proxied]:
    made = Proxied(lab)
    yield made
    lab.sweep(f"{made.appliance.name}-")
    lab.sweep(f"{made.proxy}$")


def test_pulls_questions_restores_and_the_doctor_work_and_no_request_is_refused(
    proxied: Proxied, lab: Lab, machine: Machine
) -> None:
    appliance, share = proxied.appliance, lab.volume(lab.name("share"))
    appliance.add_client("web", machine, "--path", "/srv/tree/folder 0")
    appliance.borgpull("client", "add", "share", "--volume", share, "--path", "/")
    docker("run", "--rm", "--label", lab.label, "--volume", f"{share}:/share", "--entrypoint", "sh", lab.image,
           "-c", "echo text > /share/file; chmod 644 /share/file")  # fmt: skip

    for client in ("web", "share"):
        run = appliance.run(client)
        assert run.returncode == 0, run.stdout + run.stderr
        assert appliance.archives(client) == outside_archives(appliance, client)
    restored = appliance.borgpull("restore", "web", "latest", "--way", "local", "--to", "/restored/back", "--yes")
    found = appliance.borgpull("doctor", check=False)

    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert "refused to" not in found.stdout + found.stderr, found
    assert_nothing_is_left(appliance, "web", machine)
    assert proxied.requests("refused") == []


def test_no_group_is_let_through_that_nobody_needs(proxied: Proxied) -> None:
    used = {line.split(" ")[0] for line in proxied.requests("passed")}

    assert used == {name for name, value in _GROUPS.items() if value} - {"POST"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/images/json"), ("POST", "/exec/any/start"), ("GET", "/v1.41/info"), ("POST", "/build"), ("GET", "/")],
)
def test_what_is_not_let_through_is_refused(proxied: Proxied, method: str, path: str) -> None:
    assert "403" in proxied.ask(method, path)


def test_without_the_proxy_the_address_is_named(proxied: Proxied) -> None:
    docker("rm", "--force", proxied.proxy)

    said = proxied.appliance.borgpull("doctor", check=False)

    assert f"cannot reach the container engine at {proxied.engine}" in " ".join((said.stdout + said.stderr).split())
