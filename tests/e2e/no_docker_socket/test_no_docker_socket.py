"""The promise: without its engine the supervisor stays up, says so, and works as soon as the engine is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.engine import docker, wait_for
from tests.e2e.harness.leftovers import assert_nothing_is_left

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab

_SOCKET = "/state/engine.sock"
_SENTENCE = f"cannot reach the container engine at unix://{_SOCKET}: No such file or directory; does the engine run"


def test_without_an_engine_everybody_is_told_and_with_one_it_works(lab: Lab) -> None:
    appliance = ApplianceUnderTest(lab)
    appliance.create("--env", f"DOCKER_HOST=unix://{_SOCKET}")
    source = lab.volume(f"{appliance.name}-source")
    docker(
        "run", "--rm", "--label", lab.label, "--volume", f"{source}:/source", "--entrypoint", "sh", lab.image,
        "-c", "echo text > /source/file",
    )  # fmt: skip
    appliance.borgpull("client", "add", "files", "--volume", source)

    wait_for(lambda: _says(appliance, "status"), within=60, what="status says so")
    doctor = appliance.borgpull("doctor", check=False)
    assert doctor.returncode == 7
    assert doctor.stdout.startswith(f"bad     engine socket: there is nothing at {_SOCKET}\n")
    assert "borgpull_docker_up 0.0" in appliance.get("/metrics")[1]
    assert appliance.get("/healthz")[0] == 200
    refused = appliance.run("files")
    assert refused.returncode == 5
    assert _SENTENCE in " ".join(refused.stdout.split())
    assert appliance.json("history", "files") == []

    docker("exec", appliance.supervisor, "ln", "-s", "/var/run/docker.sock", _SOCKET)
    wait_for(lambda: "borgpull_docker_up 1.0" in appliance.get("/metrics")[1], within=60, what="the engine is seen")
    done = appliance.run("files")
    assert done.returncode == 0, done.stdout + done.stderr
    assert_nothing_is_left(appliance, "files")


def _says(appliance: ApplianceUnderTest, verb: str, *, code: int = 0) -> bool:
    done = appliance.borgpull(verb, check=False)
    return done.returncode == code and _SENTENCE in " ".join(done.stdout.split())
