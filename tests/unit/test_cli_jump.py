"""Trust and setup of a client behind other machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appliance.cli.host_keys import HostKey
from appliance.plan.events import Data, Result, write
from appliance.plan.places import host_key_alias
from appliance.record import Outcome, Reason
from tests.cli_world import CliWorld
from tests.fakes import Script

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.ports import ContainerSpec

BEHIND_TWO = """
[clients.web1]
host = "10.9.0.5"
port = 2022
paths = ["/"]
reach = "jump"
jump = ["john@Inter.lan", "jump@[fd00::7]:2222"]
"""
FIRST = "AAAAC3NzaC1lZDI1NTE5AAAAIHmsMbK1V1Xgh4rmkk0qg6QiZ+bFoHvFo0v0n3vV5qCc"
SECOND = "AAAAC3NzaC1lZDI1NTE5AAAAIKDuVhCHoMLq2PDtJzB0Ap4q3iXfeTz8W6HaYe9bgTqI"
LAST = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
ON_THE_WAY = (FIRST, SECOND, LAST)


class Behind(CliWorld):
    """Three machines in a row; a scan shows the key of the one behind as many hops as the plan says."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, BEHIND_TWO)
        self.shows = list(ON_THE_WAY)
        self.silent = -1
        self.asked: list[int] = []
        self.engine.play = self._scan

    def _scan(self, _spec: ContainerSpec) -> Script:
        (written,) = (self.state / "runs/web1").glob("scan-*.json")
        passed = int(json.loads(written.read_text(encoding="utf-8"))["arguments"][0])
        self.asked.append(passed)
        if passed == self.silent:
            trouble = Result(outcome=Outcome.FAILED, reason=Reason.UNREACHABLE, message="It does not answer.")
            return Script(lines=(write(trouble),), exit_code=Outcome.FAILED.exit_code)
        key = Data(value={"type": "ssh-ed25519", "key": self.shows[passed]})
        return Script(lines=(write(key), write(Result(outcome=Outcome.SUCCESS, exit_code=0))))


@pytest.fixture
def world(tmp_path: Path) -> Behind:
    return Behind(tmp_path)


def fingerprint(key: str) -> str:
    return HostKey(kind="ssh-ed25519", key=key).fingerprint


def pins(*keys: str) -> dict[str, tuple[str, ...]]:
    """The pins where the machines on the way have these keys, the client the last one."""
    aliases = [host_key_alias("web1", hop) for hop in (1, 2, 0)]
    return {alias: (f"ssh-ed25519 {key}",) for alias, key in zip(aliases, keys, strict=False)}


def test_each_machine_is_shown_and_pinned_in_order_in_one_command(world: Behind) -> None:
    shown = world.run("client", "trust", "web1", "--yes")

    assert shown.code == 0, shown.err
    assert world.asked == [0, 1, 2]
    assert world.keys.pins == pins(*ON_THE_WAY)
    places = [shown.out.index(fingerprint(key)) for key in ON_THE_WAY]
    assert places == sorted(places)
    assert "Inter.lan on the way to web1 (port 22)" in shown.out
    assert shown.out.count("borgpull client probe web1") == 1


def test_nothing_behind_a_machine_is_asked_before_that_one_is_trusted(world: Behind) -> None:
    assert world.run("client", "trust", "web1", typed="y\nn\n").code == 130

    assert world.asked == [0, 1]
    assert world.keys.pins == pins(FIRST)


def test_with_fingerprints_each_machine_needs_one_of_them(world: Behind) -> None:
    words = [word for key in (FIRST, LAST) for word in ("--fingerprint", fingerprint(key))]

    refused = world.run("client", "trust", "web1", *words)

    assert refused.code == 3
    assert "fd00::7 on the way to web1 shows no host key of that fingerprint" in refused.err
    assert world.keys.pins == pins(FIRST)
    assert world.run("client", "trust", "web1", *words, "--fingerprint", fingerprint(SECOND)).code == 0
    assert world.keys.pins == pins(*ON_THE_WAY)


def test_a_fingerprint_that_no_machine_shows_is_said(world: Behind) -> None:
    world.run("client", "trust", "web1", "--yes")

    shown = world.run("client", "trust", "web1", "--fingerprint", "SHA256:strange")

    assert shown.code == 3
    assert "SHA256:strange" in shown.err


def test_a_changed_hop_is_replaced_on_purpose_and_the_others_stay(world: Behind) -> None:
    world.run("client", "trust", "web1", "--yes")
    world.shows[1] = FIRST

    refused = world.run("client", "trust", "web1", "--yes")

    assert refused.code == 3
    assert "fd00::7 on the way to web1 has CHANGED" in refused.err
    assert world.keys.pins == pins(*ON_THE_WAY)
    assert world.run("client", "trust", "web1", "--yes", "--replace").code == 0
    assert world.keys.pins == pins(FIRST, FIRST, LAST)


def test_a_machine_that_is_silent_ends_it_and_what_was_trusted_stays(world: Behind) -> None:
    world.silent = 1

    shown = world.run("client", "trust", "web1", "--yes")

    assert (shown.code, shown.err) == (3, "borgpull: It does not answer.\n")
    assert world.keys.pins == pins(FIRST)


def test_the_doctor_names_the_machines_on_the_way_that_nobody_has_looked_at(world: Behind) -> None:
    pinned = world.config / "known_hosts/web1"
    pinned.parent.mkdir(parents=True)
    pinned.write_text(f"jump1/web1 ssh-ed25519 {FIRST}\nweb1 ssh-ed25519 {LAST}\n", encoding="utf-8")

    said = [one["sentence"] for one in world.run("doctor", "--json").data]

    assert "no host key is pinned for fd00::7 on the way to web1" in said


def test_setup_prints_a_line_for_each_machine_that_opens_the_way_to_the_next_alone(world: Behind) -> None:
    lines = world.run("client", "setup", "web1", "--jump-lines").out.splitlines()

    options = 'restrict,command="false",port-forwarding,permitopen="{}" ssh-ed25519 AAAAweb1 borgpull-web1'
    assert lines == [options.format("[fd00::7]:2222"), options.format("10.9.0.5:2022")]


def test_setup_says_on_which_machine_each_line_belongs(world: Behind) -> None:
    out = world.run("client", "setup", "web1").out

    assert "leads through 2 machines" in out
    assert out.index("On Inter.lan, as john") < out.index("On fd00::7, as jump") < out.index("On 10.9.0.5, as root")


def test_a_straight_way_has_no_lines_for_other_machines(tmp_path: Path) -> None:
    shown = CliWorld(tmp_path).run("client", "setup", "web1", "--jump-lines")

    assert shown.code == 2
    assert "no other machine" in shown.err
