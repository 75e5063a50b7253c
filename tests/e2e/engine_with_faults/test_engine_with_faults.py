"""The promise: an engine that is slow, refuses now and then and breaks every stream makes no run a lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.engine import docker, wait_for
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import outside_archives

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine

_SOCKET = "/state/engine.sock"
_FAULTY = Path(__file__).with_name("faulty_engine.py").read_text("utf-8")
_PYTHON = "/opt/borgpull/bin/python"
_PULLS = 5
# A pull makes some twenty requests, and its log has some thousands of bytes.
_REFUSE_EVERY, _CUT_LOGS_AFTER = "23", "1500"


def test_a_faulty_engine_makes_no_run_a_lie_and_leaves_nothing(lab: Lab, machine: Machine) -> None:
    appliance = ApplianceUnderTest(lab)
    appliance.create("--env", f"DOCKER_HOST=unix://{_SOCKET}")
    appliance.write_config(_FAULTY, "/state/faulty_engine.py")
    words = (_PYTHON, "/state/faulty_engine.py", _SOCKET, "/var/run/docker.sock", _REFUSE_EVERY, _CUT_LOGS_AFTER)
    docker("exec", "--detach", appliance.supervisor, *words)
    wait_for(lambda: "borgpull_docker_up 1.0" in appliance.get("/metrics")[1], within=120, what="the engine is seen")
    appliance.add_client("web", machine, "--path", "/srv/tree/folder 0")

    told = [appliance.borgpull("run", "web", check=False).returncode for _ in range(_PULLS)]

    runs = appliance.json("history", "web")
    creates = [run for run in runs if run["operation"] == "create"]
    skipped = [run for run in creates if run["outcome"] == "skipped"]
    ended = [run for run in creates if run not in skipped]
    # Where the run before could not be removed in time, the next is skipped; one that is refused before it can begin
    # stands in no history. The exit code says both.
    assert len(ended) == sum(code != 5 for code in told), (told, runs)
    assert len(skipped) <= sum(code == 5 for code in told), (told, runs)
    assert {run["reason"] for run in skipped} <= {"busy"}, skipped
    assert all(run["outcome"] is not None for run in ended)
    failed = [run for run in ended if run["outcome"] != "success"]
    assert {run["reason"] for run in failed} <= {"engine", "killed"}, failed
    good = [run["archive"]["name"] for run in ended if run["outcome"] == "success"]
    assert good, told
    assert sorted(good) == sorted(outside_archives(appliance, "web"))

    docker("exec", appliance.supervisor, "sh", "-c", f"rm {_SOCKET}; ln -s /var/run/docker.sock {_SOCKET}")
    # A run whose container could not be removed yet would be in the way.
    wait_for(lambda: not appliance.siblings(), within=60, what="what was not removed is gone")
    done = appliance.run("web")
    assert done.returncode == 0, done.stdout + done.stderr
    assert_nothing_is_left(appliance, "web", machine, within=60)
    assert len(outside_archives(appliance, "web")) == len(good) + 1
