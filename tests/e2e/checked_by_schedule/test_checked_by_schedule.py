"""The promise: checks and drills begin by themselves, and what is too large for one night is read in parts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker, wait_for
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.waiting import ended, let_pass, wait_for_another

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

# A second at a twentieth of a processor is not enough for that, and Borg looks at the clock between two segments.
_MEGABYTES, _CPU, _WHOLE_CPU = 120, "0.05", "1"
# Turns a bit of the oldest data there is, and says in which segment.
_FLIP = """
import pathlib, sys
segments = sorted((int(path.name), path) for path in pathlib.Path(sys.argv[1]).glob("data/*/*") if path.name.isdigit())
number, path = next(one for one in segments if one[1].stat().st_size > 1_000_000)
content = bytearray(path.read_bytes())
content[len(content) // 2] ^= 1
path.write_bytes(content)
print(number)
"""


def _configure(appliance: ApplianceUnderTest, client: str, check: str) -> None:
    path = f"/config/clients.d/{client}.toml"
    lines = [line for line in appliance.read(path).splitlines() if not line.startswith(("check = ", "keep = "))]
    appliance.write_config("\n".join((*lines, "keep = { last = 9 }", f"check = {check}", "")), path)
    appliance.borgpull("config", "check")


def _backed_up(appliance: ApplianceUnderTest, client: str) -> None:
    done = appliance.run(client)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_check_and_a_drill_begin_when_their_time_has_come(appliance: ApplianceUnderTest, machine: Machine) -> None:
    appliance.add_client("web", machine, "--path", "/srv/tree/folder 0")
    _configure(appliance, "web", '{ repository = "1h", data = "1h", drill = "1h" }')
    _backed_up(appliance, "web")
    appliance.borgpull("resume")
    wait_for(lambda: ended(appliance, "web", "prune"), within=300, what="a prune, which waits for no hour")
    assert ended(appliance, "web", "check") == ended(appliance, "web", "drill") == []

    let_pass(appliance, "web", timedelta(hours=1))
    check = wait_for_another(appliance, "web", "check", 0)
    drill = wait_for_another(appliance, "web", "drill", 0)
    assert_nothing_is_left(appliance, "web", machine, within=60)

    assert [(run["trigger"], run["outcome"], run["reason"]) for run in (check, drill)] == [
        ("schedule", "success", None)
    ] * 2
    assert check["message"].startswith("All files of the repository are whole")
    assert "came back as its list says" in drill["message"]
    appliance.borgpull("pause")
    assert (len(ended(appliance, "web", "check")), len(ended(appliance, "web", "drill"))) == (1, 1)
    status = appliance.status("web")
    assert {status["last_upkeep"][operation]["outcome"] for operation in ("check", "drill")} == {"success"}
    assert status["state"] == "ok"


def _unread_from(appliance: ApplianceUnderTest, client: str) -> int:
    """Return the first segment that a look in parts has not read; 0 when no such look is under way."""
    words = appliance.shell(f"grep ^last_segment_checked /repos/{client}/config || echo none = -1").stdout.split()
    return int(words[-1]) + 1


def _slowed_down(appliance: ApplianceUnderTest, client: str) -> None:
    """Take the processor from the client's check as soon as there is one."""
    container = appliance.pull_container(client)

    def is_slow() -> bool:
        shown = docker("inspect", "--format", '{{index .Config.Labels "borgpull.operation"}}', container, check=False)
        if shown.stdout.strip() != "check":
            return False
        return docker("update", "--cpus", _CPU, container, check=False).returncode == 0

    wait_for(is_slow, within=300, what="a check that is slow")


def _given_back(appliance: ApplianceUnderTest, client: str) -> None:
    """Give the processor back as soon as Borg has noted how far it came: whatever follows is ours, and takes long."""
    wait_for(lambda: _unread_from(appliance, client), within=300, what="a look that is broken off")
    docker("update", "--cpus", _WHOLE_CPU, appliance.pull_container(client), check=False)


def test_a_repository_too_large_for_one_night_is_read_in_parts(appliance: ApplianceUnderTest, machine: Machine) -> None:
    appliance.add_client("large", machine, "--path", "/srv/large")
    _configure(appliance, "large", '{ repository = "daily", data = "never", drill = "never", budget = "1s" }')
    for _ in range(2):
        machine.exec("sh", "-euc", f"mkdir -p /srv/large; head -c {_MEGABYTES}M /dev/urandom > /srv/large/file")
        _backed_up(appliance, "large")
    let_pass(appliance, "large", timedelta(days=2))

    appliance.borgpull("resume")
    _slowed_down(appliance, "large")
    _given_back(appliance, "large")
    first = wait_for_another(appliance, "large", "check", 0)

    assert (first["outcome"], first["trigger"]) == ("success", "catch-up"), first
    assert first["message"] == "The files of the repository are whole so far."
    unread = _unread_from(appliance, "large")
    appliance.borgpull("pause")
    assert_nothing_is_left(appliance, "large", machine, within=60)

    # What has been read is not read again, so nobody meets this before the next look at everything.
    assert int(appliance.shell("python3 - /repos/large", stdin=_FLIP).stdout) < unread
    _configure(appliance, "large", '{ repository = "daily", data = "never", drill = "never", budget = "1h" }')
    let_pass(appliance, "large", timedelta(days=1))
    appliance.borgpull("resume")
    second = wait_for_another(appliance, "large", "check", 1)

    assert (second["outcome"], second["message"]) == ("success", "All files of the repository are whole."), second
    assert _unread_from(appliance, "large") == 0
    appliance.borgpull("pause")
    everything = appliance.run("large", "--operation", "check")
    assert everything.returncode == 3, everything.stdout + everything.stderr
    assert appliance.last_run("large")["reason"] == "integrity"
