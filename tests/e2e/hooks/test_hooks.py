"""The promise: commands run on the client around a pull, in stack order, within their time, and never in silence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import wait_for
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import archived_tree, outside_archives
from tests.e2e.harness.troubled import assert_told

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.engine import Completed
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

_TRACE = 'echo "$BORGPULL_CLIENT {word} $BORGPULL_OUTCOME" >> /srv/{client}/trace'


class Hooked:
    """One client of method sshfs with hooks and a folder of its own on the machine."""

    def __init__(self, shared: Shared, name: str) -> None:
        self.appliance: ApplianceUnderTest = shared.appliance
        self.machine: Machine = shared.machine("trixie")
        self.name = name
        self.folder = f"/srv/{name}"
        self.machine.exec("sh", "-c", f"mkdir -p {self.folder}; echo one > {self.folder}/one")
        self.appliance.add_client(name, self.machine, "--path", self.folder)

    def configure(self, hooks: str, *, may_run: bool = True) -> None:
        """Give the client these hooks, and the machine the line that such a client needs."""
        text = f'host = "{self.machine.host}"\nuser = "root"\npaths = ["{self.folder}"]\n{hooks}\n'
        self.appliance.write_config(text, f"/config/clients.d/{self.name}.toml")
        if may_run:
            # The line of before, which gave SFTP alone, is first in the file: what comes first counts.
            line = self.appliance.borgpull("client", "setup", self.name, "--key-line").stdout
            self.machine.exec("sed", "-i", f"/borgpull-{self.name}$/d", "/root/.ssh/authorized_keys")
            self.machine.authorize(line)

    def trace(self, word: str) -> str:
        """Return a command that leaves a line behind."""
        return _TRACE.format(word=word, client=self.name)

    def traced(self) -> list[str]:
        """Return the lines left behind, and forget them."""
        found = self.machine.exec("cat", f"{self.folder}/trace", check=False).stdout.splitlines()
        self.machine.exec("rm", "-f", f"{self.folder}/trace")
        return found

    def run(self) -> Completed:
        """Back it up now."""
        return self.appliance.run(self.name)

    def told(self, run: Completed, *words: str, outcome: str = "failed", code: int = 3, reason: str = "hook") -> None:
        """Fail unless it ended so, and nothing is left."""
        assert_told(self.appliance, self.name, run, reason, *words, outcome=outcome, code=code)
        assert_nothing_is_left(self.appliance, self.name, self.machine)


def test_hooks_run_in_stack_order_and_what_they_make_is_in_the_archive(shared: Shared) -> None:
    hooked = Hooked(shared, "stack")
    before = [f"echo dump > {hooked.folder}/dump; {hooked.trace('first')}", hooked.trace("second")]
    after = [f"rm {hooked.folder}/dump; {hooked.trace('undo-first')}", hooked.trace("undo-second")]
    hooked.configure(f"before = {_toml(before)}\nafter = {_toml(after)}")
    assert hooked.appliance.borgpull("client", "probe", "stack").returncode == 0
    assert hooked.traced() == []

    run = hooked.run()

    assert run.returncode == 0, run.stdout + run.stderr
    assert hooked.traced() == [
        "stack first running",
        "stack second running",
        "stack undo-second success",
        "stack undo-first success",
    ]
    (archive,) = outside_archives(hooked.appliance, "stack")
    kept = archived_tree(hooked.appliance, "stack", archive, hooked.folder)
    assert kept["dump"]["size"] == len("dump\n")
    assert hooked.machine.exec("test", "-e", f"{hooked.folder}/dump", check=False).returncode == 1
    assert_nothing_is_left(hooked.appliance, "stack", hooked.machine)


def test_a_hook_that_must_work_ends_the_run_and_the_undoing_runs_all_the_same(shared: Shared) -> None:
    hooked = Hooked(shared, "must")
    before = [
        hooked.trace("first"),
        "echo starting; printf 'the database is \\033[31mdown\\n' >&2; exit 7",
        "touch /srv/never",
    ]
    hooked.configure(f"before = {_toml(before)}\nafter = {_toml([hooked.trace('undo')])}")

    run = hooked.run()

    hooked.told(run, "before hook", "exit code 7", "the database is ?[31mdown")
    assert hooked.traced() == ["must first running", "must undo failed"]
    assert hooked.machine.exec("test", "-e", "/srv/never", check=False).returncode == 1
    assert outside_archives(hooked.appliance, "must") == []


def test_a_hook_that_may_fail_leaves_a_warning_and_a_failed_undoing_never_spoils_the_archive(shared: Shared) -> None:
    hooked = Hooked(shared, "warn")
    hooked.configure('before = [{ command = "exit 3", on_failure = "warn" }]\nafter = ["echo stuck; exit 4"]')

    run = hooked.run()

    hooked.told(run, "'exit 3'", "exit code 3", "1 files in warn-", outcome="warning", code=1)
    last = hooked.appliance.last_run("warn")
    assert [word for word in ("exit code 3", "exit code 4; it said: stuck") if word not in str(last["warnings"])] == []
    assert last["warning_count"] == 2
    assert outside_archives(hooked.appliance, "warn") == [last["archive"]["name"]]


def test_a_hook_over_its_time_is_really_ended_with_all_it_started(shared: Shared) -> None:
    hooked = Hooked(shared, "slow")
    hooked.configure(
        'before = [{ command = "sleep 7331 & trap \'\' TERM; echo waiting; sleep 7332", timeout = "2s" }]\n'
        f"after = {_toml([hooked.trace('undo')])}"
    )

    run = hooked.run()

    hooked.told(run, "took longer than its 2 s", "it said: waiting")
    assert hooked.machine.exec("pgrep", "-f", "sleep 733[12]", check=False).stdout == ""
    assert hooked.traced() == ["slow undo failed"]


def test_a_stop_ends_the_hook_and_undoes(shared: Shared) -> None:
    hooked = Hooked(shared, "stopped")
    hooked.configure(f'before = ["sleep 7333"]\nafter = {_toml([hooked.trace("undo")])}')
    hooked.appliance.borgpull("run", "stopped", "--no-wait")
    wait_for(lambda: _sleeps(hooked.machine), within=180, what="the hook runs")

    hooked.appliance.borgpull("stop", "stopped")
    wait_for(lambda: hooked.appliance.metric("run_in_progress", "stopped") == 0, within=180, what="it is recorded")

    last = hooked.appliance.last_run("stopped")
    assert (last["outcome"], last["reason"]) == ("interrupted", "stopped")
    assert not _sleeps(hooked.machine)
    assert hooked.traced() == ["stopped undo interrupted"]
    assert_nothing_is_left(hooked.appliance, "stopped", hooked.machine)


def test_a_long_hook_is_no_stalled_client(shared: Shared) -> None:
    hooked = Hooked(shared, "long")
    # Enough for the pull that follows, on however slow a machine.
    hooked.configure('stall_timeout = "20s"\nbefore = ["sleep 25"]')

    run = hooked.run()

    assert run.returncode == 0, run.stdout + run.stderr


def test_a_key_that_may_run_no_command_is_told_by_run_and_by_probe(shared: Shared) -> None:
    hooked = Hooked(shared, "sftponly")
    hooked.configure('before = ["true"]', may_run=False)

    for operation in ("create", "probe"):
        run = hooked.appliance.run("sftponly", "--operation", operation)
        hooked.told(run, "lets the key run no command", "borgpull client setup sftponly")


def _sleeps(machine: Machine) -> bool:
    return bool(machine.exec("pgrep", "-f", "sleep 7333", check=False).stdout)


def _toml(texts: list[str]) -> str:
    """Write texts as a TOML array; what JSON escapes, TOML reads the same way."""
    return json.dumps(texts)
