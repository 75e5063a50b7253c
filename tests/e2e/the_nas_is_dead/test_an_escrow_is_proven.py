"""`escrow --check` says "proven" of what bundle and disk alone can read, on any machine, and of nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.engine import docker, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.engine import Completed
    from tests.e2e.harness.lab import Lab

OWN = "six random words are a passphrase"
ESCROW = "/restored/escrow.gpg"
CHECK = ("escrow", "--check", ESCROW, "--passphrase-file", "/dev/stdin")
# Some bytes in the middle of the largest segment, as a dying disk gives them.
DAMAGE = r"""
segment=$(find /repos/web1/data -type f -size +64k | sort | head -n 1)
cp "$segment" /tmp/segment
size=$(stat -c %s "$segment")
head -c $((size / 2)) /dev/zero | dd of="$segment" bs=1 seek=$((size / 4)) conv=notrunc status=none
"""
MEND = 'cat /tmp/segment > "$(find /repos/web1/data -type f -size +64k | sort | head -n 1)"'


@pytest.fixture(scope="module")
def appliance(lab: Lab) -> Iterator[ApplianceUnderTest]:
    """Two folders that were backed up, and an escrow of both."""
    under_test = ApplianceUnderTest(lab)
    under_test.create()
    for name in ("web1", "other"):
        source = lab.volume(lab.name(f"{under_test.name}-{name}"))
        docker(
            "run", "--rm", "--label", lab.label, "--network", "none", "--volume", f"{source}:/source",
            "borgpull-lab:trixie", "sh", "-euc", "head -c 3000000 /dev/urandom > /source/noise; cp -r /etc /source/",
        )  # fmt: skip
        under_test.borgpull("client", "add", name, "--volume", source)
        ended = under_test.run(name)
        assert ended.returncode in (0, 1), ended.stdout + ended.stderr
    made = under_test.borgpull("escrow", "--to", ESCROW, "--passphrase-file", "/dev/stdin", stdin=OWN, check=False)
    assert made.returncode == 0, made.stderr
    yield under_test
    lab.sweep(f"{under_test.name}-")


def checked(appliance: ApplianceUnderTest, passphrase: str = OWN) -> Completed:
    return appliance.borgpull(*CHECK, check=False, stdin=passphrase)


def proofs(appliance: ApplianceUnderTest) -> dict[str, dict[str, Any]]:
    shown = appliance.borgpull(*CHECK, "--json", check=False, stdin=OWN)
    return {one["client"]: one for one in json.loads(shown.stdout)}


def wait_until_alone(appliance: ApplianceUnderTest) -> None:
    """Wait until its other containers are gone: what they did is told before."""
    wait_for(lambda: not appliance.siblings(), within=60, what="no container is left")


def test_each_client_is_proven_and_nothing_is_left(appliance: ApplianceUnderTest) -> None:
    wait_until_alone(appliance)
    before = appliance.shell("find /state/runs /repos -type f | sort | xargs sha256sum").stdout

    shown = checked(appliance)

    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "web1: proven: 1 archive" in shown.stdout
    assert "other: proven: 1 archive" in shown.stdout
    assert appliance.shell("find /state/runs /repos -type f | sort | xargs sha256sum").stdout == before
    assert appliance.siblings() == []


def test_it_is_proven_on_a_machine_that_has_nothing_but_the_disk_and_the_bundle(
    lab: Lab, appliance: ApplianceUnderTest
) -> None:
    empty = {what: lab.volume(lab.name(f"{appliance.name}-empty-{what}")) for what in ("config", "state")}
    empty |= {what: appliance.volumes[what] for what in ("repos", "restored")}

    shown = docker(
        "run", "--rm", "--interactive", "--label", lab.label, "--name", lab.name(f"{appliance.name}-check"),
        "--volume", "/var/run/docker.sock:/var/run/docker.sock",
        *(word for what, name in empty.items() for word in ("--volume", f"{name}:/{what}")),
        lab.image, *CHECK, stdin=OWN, check=False,
    )  # fmt: skip

    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stdout.count(": proven: ") == 2


def test_a_damaged_repository_is_not_proven_and_the_other_client_is(appliance: ApplianceUnderTest) -> None:
    appliance.shell(DAMAGE)
    try:
        found = proofs(appliance)
    finally:
        appliance.shell(MEND)

    assert (found["web1"]["proven"], found["other"]["proven"]) == (False, True)
    assert found["web1"]["message"]


def test_the_key_of_another_repository_is_no_key(appliance: ApplianceUnderTest) -> None:
    appliance.shell("mv /repos/web1 /repos/kept; cp -a /repos/other /repos/web1")
    try:
        found = proofs(appliance)
    finally:
        appliance.shell("rm -r /repos/web1; mv /repos/kept /repos/web1")

    assert found["web1"]["proven"] is False
    assert "not that of this repository" in found["web1"]["message"]


def test_a_repository_that_is_not_there_is_not_proven(appliance: ApplianceUnderTest) -> None:
    appliance.shell("mv /repos/web1 /repos/kept")
    try:
        shown = checked(appliance)
    finally:
        appliance.shell("mv /repos/kept /repos/web1")

    assert shown.returncode == 3
    assert "web1: FAILED" in shown.stdout


def test_a_wrong_passphrase_says_so(appliance: ApplianceUnderTest) -> None:
    shown = checked(appliance, "six other words are none at all")

    assert shown.returncode == 3
    assert "wrong passphrase" in shown.stderr
