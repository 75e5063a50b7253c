"""A client that has one good archive and a network that obeys: what must hold while it is in trouble, and after."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import Completed, docker, wait_for
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import outside_archives
from tests.e2e.harness.proxy import ProxyMachine

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

# Limits of every client of the appliance, in seconds: what is gone is noticed by ssh first, what is silent by us.
CONNECTION_TIMEOUT = 12
STALL_TIMEOUT = 45
LIMITS = f'connection_timeout = "{CONNECTION_TIMEOUT}s"\nstall_timeout = "{STALL_TIMEOUT}s"\n'
# How long the end of a run may take beyond the limit: the keep-alive's last round, Borg's end, the record.
MARGIN = 90
# Less than the 75 seconds after which a run that was stopped is ended whatever holds it.
STALLED_MARGIN = 60

_BYTES_A_SECOND = 300_000
# Many files of a moderate size: Borg says how far it is between files, so that the middle of a pull can be seen.
_RENEW = """
import os
for folder, count, size in (("few", 5, 100), ("many", 40, 250_000)):
    os.makedirs(f"/srv/{folder}", exist_ok=True)
    for number in range(count):
        with open(f"/srv/{folder}/{number:02}", "wb") as file:
            file.write(os.urandom(size))
"""
# The name of a process is the first word of its command line; Borg is a script, and Python is what the kernel sees.
KILL = """
for place in /proc/[0-9]*; do
    words=$(tr '\\0' ' ' < "$place/cmdline" 2>/dev/null) || continue
    case $words in
        *launch*) ;;
        $1) kill "-${2:-KILL}" "${place#/proc/}"; echo killed ;;
    esac
done
"""


class TroubledClient:
    """One client of a shared appliance: its machine is reached through a proxy, and its first run was good."""

    def __init__(self, appliance: ApplianceUnderTest, machine: Machine, name: str, *, is_listed: bool = False) -> None:
        """`is_listed`: its files come by our own file system and not by sshfs."""
        self.appliance = appliance
        self.machine = machine
        self.name = name
        self.proxy = ProxyMachine(machine)
        self.archives: list[str] = []
        self._is_settled = False
        self._beside = ThreadPoolExecutor(1)
        self.renew()
        listing = "require" if is_listed else "never"
        paths = ("--path", "/srv/few", "--path", "/srv/many")
        appliance.add_client(name, machine, *paths, host=self.proxy.host, listing=listing)
        self.file_system = "*appliance.pull.pullfs*" if is_listed else "sshfs *"
        self.recovers()

    def renew(self) -> None:
        """Give every file new content, so that a pull has all of it to read."""
        self.machine.exec("python3", "-", stdin=_RENEW)

    def calm(self) -> None:
        """End the trouble, whatever it is."""
        docker("unpause", self.machine.host, check=False)
        docker("start", self.machine.host)
        self.machine.wait_until_up()
        self.proxy.tell("calm")

    def settle(self) -> None:
        """Calm down after a test; one that failed in the middle must not spoil the next."""
        self.calm()
        if not self._is_settled:
            wait_for(lambda: not self.appliance.siblings(), within=120, what=f"no run of {self.name} goes on")
            self.renew()
            self.archives = outside_archives(self.appliance, self.name)
        self._is_settled = False

    # ---- a run that is held in the middle ----

    def pull_slowly(self) -> Future[Completed]:
        """Begin a run over a slow line, and return when it is certainly in the middle of its files."""
        self.renew()
        self.proxy.tell("throttle", _BYTES_A_SECOND)
        run = self._beside.submit(self.run)
        wait_for(lambda: self._is_in_the_middle(run), within=120, what=f"{self.name} reads files")
        return run

    def run(self) -> Completed:
        """Back it up now."""
        return self.appliance.run(self.name)

    def kill_inside(self, pattern: str) -> None:
        """Kill with -9 whatever has such a command line in the container of the run; at least one must have."""
        self._signal_inside(pattern, "KILL")

    def freeze_inside(self, pattern: str) -> None:
        """Let whatever has such a command line in the container of the run stand still, as after SIGSTOP."""
        self._signal_inside(pattern, "STOP")

    def _signal_inside(self, pattern: str, signal: str) -> None:
        container = self.appliance.pull_container(self.name)
        done = docker("exec", "--user", "0", container, "sh", "-c", KILL, "sh", pattern, signal)
        assert "killed" in done.stdout, f"no {pattern} in {container}"

    def _is_in_the_middle(self, run: Future[Completed]) -> bool:
        assert not run.done(), f"ended too soon: {run.result().stdout}"
        return self.appliance.metric("run_processed_files", self.name) > 0

    # ---- what must hold ----

    def assert_failed(self, run: Completed, reason: str, *words: str, outcome: str = "failed", code: int = 3) -> None:
        """Fail unless it ended so, in one sentence with all these words, and nothing counts and nothing is left."""
        assert_told(self.appliance, self.name, run, reason, *words, outcome=outcome, code=code)
        assert outside_archives(self.appliance, self.name) == self.archives
        assert_nothing_is_left(self.appliance, self.name, self.machine)

    def recovers(self, *options: str) -> None:
        """Fail unless the next run is a success by itself, and its archive is the only thing that is new."""
        self._is_settled = False
        run = self.appliance.run(self.name, *options)
        assert run.returncode == 0, run.stdout + run.stderr
        self.archives.append(self.appliance.last_run(self.name)["archive"]["name"])
        assert outside_archives(self.appliance, self.name) == self.archives
        assert_nothing_is_left(self.appliance, self.name, self.machine)
        self._is_settled = True


def assert_told(
    appliance: ApplianceUnderTest,
    client: str,
    run: Completed,
    reason: str,
    *words: str,
    outcome: str = "failed",
    code: int = 3,
) -> None:
    """Fail unless exit code, history and status say the same, in one sentence that holds all these words."""
    last = appliance.last_run(client)
    told = (run.returncode, last["outcome"], last["reason"])
    assert told == (code, outcome, reason), f"{told}: {run.stdout}{run.stderr}{appliance.log()}"
    sentence = last["message"]
    assert sentence.endswith((".", "?", ")")), sentence
    assert "\n" not in sentence, sentence
    assert [word for word in words if word not in sentence] == [], sentence
    # The terminal breaks lines; the words are the same.
    shown = "".join(run.stdout.split())
    assert f"{client}:{outcome}" in shown, run.stdout
    assert "".join(sentence.split()) in shown, run.stdout
    assert (last["archive"] is None) == (outcome not in ("success", "warning"))
    if last["operation"] == "create":
        # A probe makes no archive, so it says nothing of how the client stands.
        status = appliance.status(client)
        assert (status["last_outcome"], status["last_reason"]) == (outcome, reason)
