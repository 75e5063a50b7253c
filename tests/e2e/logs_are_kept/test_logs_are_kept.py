"""The promise: what the container of a run said can be read afterwards, whatever became of it; and costs no backup."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.engine import docker, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.pulling import Pulling

STEPS = ["connect", "open", "liveness", "create", "verify", "rename", "close"]


@pytest.fixture(scope="module")
def shared_appliance(lab: Lab) -> Iterator[ApplianceUnderTest]:
    under_test = ApplianceUnderTest(lab, settings="keep_logs = 4")
    under_test.create()
    yield under_test
    lab.sweep(f"{under_test.name}-")


def logged(appliance: ApplianceUnderTest, *words: str) -> list[dict[str, Any]]:
    """The lines of a log, each an object."""
    return [json.loads(line) for line in appliance.borgpull("logs", *words, "--json").stdout.splitlines()]


def steps_in(lines: list[dict[str, Any]]) -> list[str]:
    """The steps that were told, in their order."""
    messages = [line["message"] for line in lines]
    return [message.removeprefix("step ") for message in messages if message.startswith("step ")]


def test_a_run_can_be_read_step_by_step_after_its_container_is_gone(pulling: Pulling) -> None:
    appliance, client = pulling.appliance, pulling.client
    pulling.assert_next_run_is_good()
    run = appliance.last_run(client)

    lines = logged(appliance, client)
    text = appliance.borgpull("logs", client, run["run_id"].rpartition("-")[2]).stdout.splitlines()

    assert run["log"] is True
    assert steps_in(lines) == STEPS
    assert {(line["client"], line["run"]) for line in lines} == {(client, run["run_id"])}
    assert all(f" client={client} run={run['run_id']} " in line for line in text)
    assert f" run={run['run_id']} success " in text[-1]
    modes = appliance.shell(f"stat --format '%a %u' /state/logs/{client} /state/logs/{client}/*.log").stdout
    assert set(modes.splitlines()) == {"700 0", "600 0"}


def test_a_container_that_is_killed_leaves_its_log(pulling: Pulling) -> None:
    pulling.watched(lambda: docker("kill", pulling.container))

    lines = logged(pulling.appliance, pulling.client)

    assert steps_in(lines) == STEPS[: STEPS.index("create") + 1]
    assert lines[-1]["message"].startswith("interrupted (killed)")


def test_a_container_that_runs_out_of_memory_leaves_its_log(pulling: Pulling) -> None:
    pulling.configure('memory = "64M"')
    pulling.run()
    pulling.configure()

    lines = logged(pulling.appliance, pulling.client)

    assert steps_in(lines)[0] == "connect"
    assert lines[-1]["message"].startswith("failed (out_of_memory)")


def test_a_run_that_outlived_its_supervisor_leaves_its_whole_log(pulling: Pulling) -> None:
    run_id = pulling.begin()
    pulling.appliance.kill()
    pulling.proxy.tell("calm")
    wait_for(lambda: not pulling.is_container_running(), within=120, what="the pull has ended by itself")

    pulling.appliance.start()

    assert pulling.recorded(run_id)["outcome"] == "success"
    assert steps_in(logged(pulling.appliance, pulling.client, run_id)) == STEPS


def test_a_run_in_progress_can_be_followed_to_its_end(pulling: Pulling) -> None:
    run_id = pulling.begin()
    with ThreadPoolExecutor(1) as beside:
        following = beside.submit(pulling.appliance.borgpull, "logs", pulling.client, "--follow", "--json")
        so_far = pulling.appliance.borgpull("logs", pulling.client)
        pulling.proxy.tell("calm")
        followed = [json.loads(line) for line in following.result().stdout.splitlines()]

    assert "step create" in so_far.stdout
    assert "--follow" in so_far.stderr
    assert steps_in(followed) == STEPS
    assert followed == logged(pulling.appliance, pulling.client, run_id)


def test_older_logs_go_and_a_run_that_is_not_there_is_said(pulling: Pulling) -> None:
    appliance, client = pulling.appliance, pulling.client
    while len(runs := appliance.json("history", client)) < 6:
        pulling.run()

    assert [run["log"] for run in runs] == [True] * 4 + [False] * (len(runs) - 4)
    gone = appliance.borgpull("logs", client, runs[-1]["run_id"], check=False)
    assert (gone.returncode, gone.stdout) == (6, "")
    assert "newer logs took its place" in gone.stderr
    assert appliance.borgpull("logs", client, "no-such-run", check=False).returncode == 6


def test_where_no_log_can_be_written_the_backup_is_made_all_the_same(lab: Lab, machine: Machine) -> None:
    appliance = ApplianceUnderTest(lab)
    # One page: the log of the first run fits, and then the volume is full.
    appliance.create("--tmpfs", "/state/logs:size=4k")
    appliance.add_client("full", machine, "--path", "/srv/tree/odd")

    codes = [appliance.run("full").returncode for _ in range(3)]

    assert codes == [0, 0, 0]
    assert len(appliance.archives("full")) == 3
    assert [run["log"] for run in appliance.json("history", "full")] == [False, False, True]
    assert appliance.log().count("its log is not kept: ") == 2
    assert "No space left on device" in appliance.log()
    lab.sweep(f"{appliance.name}-")
