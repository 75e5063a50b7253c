"""The promise: any Borg command runs on the client through its channel, and what it did is looked at afterwards."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.on_client import assert_client_is_clean
from tests.e2e.harness.outside import outside_archives

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared


class ByHand:
    """One client with Borg and one archive."""

    def __init__(self, shared: Shared, name: str) -> None:
        self.appliance: ApplianceUnderTest = shared.appliance
        self.machine: Machine = shared.machine("trixie")
        self.name = name
        self.machine.exec("sh", "-c", f"mkdir -p /srv/{name}; echo one > /srv/{name}/one")
        self.appliance.add_client(name, self.machine, "--path", f"/srv/{name}", "--method", "socat")
        run = self.appliance.run(name)
        assert run.returncode == 0, run.stdout + run.stderr
        (self.archive,) = outside_archives(self.appliance, name)

    def borg(self, *words: str, force: bool = False) -> tuple[int, str, str]:
        """Run a Borg command on the client: exit code, standard output, standard error."""
        forced = ("--force",) if force else ()
        done = self.appliance.borgpull("client", "borg", self.name, *forced, "--", *words, check=False)
        return done.returncode, done.stdout, done.stderr

    def assert_nothing_is_left(self) -> None:
        """Fail if anything is left on either side."""
        assert_nothing_is_left(self.appliance, self.name, self.machine)
        assert_client_is_clean(self.machine)


@pytest.fixture(scope="module")
def by_hand(shared: Shared) -> ByHand:
    return ByHand(shared, "byhand")


def test_the_repository_need_not_be_named(by_hand: ByHand) -> None:
    code, out, err = by_hand.borg("list", "--short")
    assert (code, out) == (0, f"{by_hand.archive}\n"), err

    code, out, err = by_hand.borg("info", f"::{by_hand.archive}")
    assert code == 0, err
    assert f"Archive name: {by_hand.archive}" in out
    by_hand.assert_nothing_is_left()


def test_bytes_arrive_as_they_are(by_hand: ByHand) -> None:
    command = ("client", "borg", by_hand.name, "--", "export-tar", f"::{by_hand.archive}", "-")
    done = docker("exec", by_hand.appliance.supervisor, "borgpull", *command)

    with tarfile.open(fileobj=io.BytesIO(done.stdout.encode("utf-8", "surrogateescape"))) as tar:
        assert f"srv/{by_hand.name}/one" in tar.getnames()


def test_what_borg_says_and_its_failure_arrive(by_hand: ByHand) -> None:
    code, out, err = by_hand.borg("info", "::nothing-of-that-name")

    assert (code, out) == (3, "")
    assert "nothing-of-that-name" in err
    assert "ended with exit code 31" in err
    by_hand.assert_nothing_is_left()


def test_what_can_do_harm_is_refused_before_anything_starts(by_hand: ByHand) -> None:
    code, _, err = by_hand.borg("delete", f"::{by_hand.archive}")

    assert code == 2
    assert "deletes archives" in " ".join(err.split())
    assert outside_archives(by_hand.appliance, by_hand.name) == [by_hand.archive]


def test_a_client_without_borg_says_what_to_use(by_hand: ByHand) -> None:
    by_hand.appliance.add_client("without", by_hand.machine, "--path", "/srv/tree", trust=False)

    done = by_hand.appliance.borgpull("client", "borg", "without", "--", "list", check=False)

    assert done.returncode == 2
    assert "borgpull archives without" in " ".join(done.stderr.split())


def test_never_beside_a_run(by_hand: ByHand) -> None:
    holder = by_hand.appliance.pull_container(by_hand.name)
    docker(
        "run", "--detach", "--name", holder, "--label", by_hand.appliance.lab.label, "--entrypoint", "sleep",
        by_hand.appliance.lab.image, "600",
    )  # fmt: skip
    try:
        code, _, err = by_hand.borg("list")
    finally:
        docker("rm", "--force", holder)

    assert code == 7
    assert "busy" in err


def test_a_forced_deletion_is_told_at_once_and_stops_the_next_run(shared: Shared) -> None:
    by_hand = ByHand(shared, "forced")

    code, _, err = by_hand.borg("delete", f"::{by_hand.archive}", force=True)

    assert code == 3
    assert "lacks an archive that the ledger knows" in " ".join(err.split())
    run = by_hand.appliance.run("forced")
    assert run.returncode == 3
    assert by_hand.appliance.last_run("forced")["reason"] == "tampering"
    by_hand.assert_nothing_is_left()
