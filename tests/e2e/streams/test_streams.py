"""The promise: what a command on the client prints is an archive, and a command that fails leaves none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.on_client import assert_client_is_clean
from tests.e2e.harness.outside import outside_archives, outside_borg
from tests.e2e.harness.troubled import assert_told

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.engine import Completed
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared


class Streamed:
    """One client of method socat whose archive is what a command prints."""

    def __init__(self, shared: Shared, name: str, kind: str = "trixie") -> None:
        self.appliance: ApplianceUnderTest = shared.appliance
        self.machine: Machine = shared.machine(kind)
        self.name = name
        self.appliance.add_client(name, self.machine, "--path", "/srv/tree", "--method", "socat")

    def run(self, command: str, *options: str) -> Completed:
        """Back up what the command prints."""
        text = (
            f'method = "socat"\nhost = "{self.machine.host}"\nuser = "root"\n[stream]\nname = "dump.sql"\n'
            f"command = '''{command}'''\n"
        )
        self.appliance.write_config(text, f"/config/clients.d/{self.name}.toml")
        return self.appliance.run(self.name, *options)

    def assert_failed(self, run: Completed, reason: str, *words: str) -> None:
        """Fail unless it ended so, and nothing is left on either side."""
        assert_told(self.appliance, self.name, run, reason, *words)
        assert outside_archives(self.appliance, self.name) == []
        assert_nothing_is_left(self.appliance, self.name, self.machine)
        assert_client_is_clean(self.machine)


# What every process on the machine was started with, and has in its environment.
_ALL_WORDS = r"for p in /proc/[0-9]*; do tr '\0' '\n' < $p/cmdline; tr '\0' '\n' < $p/environ; done 2>/dev/null; true"


def test_nobody_on_the_machine_sees_the_command_among_its_processes(shared: Shared) -> None:
    streamed = Streamed(shared, "unseen")

    run = streamed.run(f": --password=hunter2; {_ALL_WORDS}")

    assert run.returncode == 0, run.stdout + run.stderr
    (archive,) = outside_archives(streamed.appliance, streamed.name)
    seen = outside_borg(streamed.appliance, streamed.name, "extract", "--stdout", f"::{archive}", "dump.sql").stdout
    assert "--content-from-command" in seen
    assert "hunter2" not in seen


@pytest.mark.parametrize("kind", ["trixie", "bookworm"])
def test_what_a_command_prints_is_the_archives_only_file(shared: Shared, kind: str) -> None:
    streamed = Streamed(shared, f"printed-{kind}", kind)

    run = streamed.run("echo careful >&2; seq 1 200000")

    assert run.returncode == 0, run.stdout + run.stderr
    (archive,) = outside_archives(streamed.appliance, streamed.name)
    assert outside_borg(streamed.appliance, streamed.name, "list", "--short", f"::{archive}").stdout == "dump.sql\n"
    printed = outside_borg(streamed.appliance, streamed.name, "extract", "--stdout", f"::{archive}", "dump.sql").stdout
    assert printed == "".join(f"{number}\n" for number in range(1, 200_001))
    assert streamed.appliance.last_run(streamed.name)["archive"]["files"] == 1
    assert "the stream's command says: careful" in streamed.appliance.log()
    assert_client_is_clean(streamed.machine)


@pytest.mark.parametrize("kind", ["trixie", "bookworm"])
def test_a_command_that_fails_in_the_middle_leaves_no_archive(shared: Shared, kind: str) -> None:
    streamed = Streamed(shared, f"broken-{kind}", kind)

    run = streamed.run("head -c 3000000 /dev/urandom; echo disk is gone >&2; exit 3")

    streamed.assert_failed(run, "hook", "dump.sql", "exit code 3", "it said: disk is gone")


def test_a_command_that_is_not_there_is_named(shared: Shared) -> None:
    streamed = Streamed(shared, "unknown")

    streamed.assert_failed(streamed.run("pg_dumpit"), "hook", "exit code 127", "pg_dumpit: not found")


def test_a_command_that_prints_nothing_is_no_backup(shared: Shared) -> None:
    streamed = Streamed(shared, "nothing")

    streamed.assert_failed(streamed.run("true"), "source_empty", "printed nothing")


def test_a_dump_that_collapsed_does_not_count(shared: Shared) -> None:
    streamed = Streamed(shared, "shrunk")
    assert streamed.run("head -c 1000000 /dev/urandom").returncode == 0
    before = outside_archives(streamed.appliance, "shrunk")

    run = streamed.run("echo nearly nothing")

    assert_told(streamed.appliance, "shrunk", run, "collapsed", "bytes", "--accept-shrink")
    assert outside_archives(streamed.appliance, "shrunk") == before
