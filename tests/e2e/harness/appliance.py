"""The appliance under test: a real supervisor container with its own volumes, used through its command line."""

from __future__ import annotations

import http
import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.e2e.harness.engine import Completed, docker, is_running, names_of, wait_for
from tests.e2e.harness.lab import LIFETIME_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine

_RUN_SECONDS = 240.0
_CONFIG = """\
[appliance]
name = "{name}"
network = "{network}"
free_space = "1M"
{more}
[defaults]
schedule = "0 {hour} * * *"
keep = {{ daily = 7 }}
"""


class ApplianceUnderTest:
    """One supervisor. It starts paused, so that only what the test asks for runs; `resume` is a command like any."""

    def __init__(self, lab: Lab, *, settings: str = "", volumes: dict[str, str] | None = None) -> None:
        """`settings` are more lines for [appliance]; `volumes` replaces some of config, state and repos by name."""
        self.lab = lab
        self.name = lab.name("a")
        self.supervisor = f"{self.name}-supervisor"
        given = volumes or {}
        self.volumes = {
            what: given.get(what) or lab.volume(f"{self.name}-{what}")
            for what in ("config", "state", "repos", "restored")
        }
        self._port = ""
        # Half a day away, so that nothing falls due by itself while tests last; the image's own zone is UTC.
        hour = (datetime.now(UTC) + timedelta(hours=12)).hour
        self.write_config(_CONFIG.format(name=self.name, network=lab.network, more=settings, hour=hour))

    # ---- the container ----

    def create(
        self,
        *options: str,
        paused: bool = True,
        engine: tuple[str, ...] = ("/var/run/docker.sock:/var/run/docker.sock",),
    ) -> None:
        """Make the supervisor's container and wait until it is well; `options` are those of `docker run`.

        `engine` is what is mounted so that it gets at the engine.
        """
        docker(
            "run", "--detach", "--init", "--name", self.supervisor, "--label", self.lab.label, "--no-healthcheck",
            "--publish", "127.0.0.1::9187", *(word for one in engine for word in ("--volume", one)),
            *self._volume_options(), *options, "--entrypoint", "timeout",
            self.lab.image, str(LIFETIME_SECONDS), "borgpull", "supervise",
        )  # fmt: skip
        self.wait_until_well()
        if paused:
            self.borgpull("pause")

    def kill(self) -> None:
        """Kill the supervisor with -9, at whatever it is doing."""
        docker("kill", "--signal", "KILL", self.supervisor)

    def start(self) -> None:
        """Start the supervisor again after `kill` or `stop`, and wait until it is well."""
        docker("start", self.supervisor)
        self.wait_until_well()

    def stop(self) -> None:
        """Ask the supervisor to end, as `docker compose stop` does."""
        docker("stop", "--time", "30", self.supervisor)

    def is_running(self) -> bool:
        """Whether the supervisor's container runs."""
        return is_running(self.supervisor)

    def wait_until_well(self) -> None:
        """Wait for a good answer of the health check."""

        said: list[str] = []

        def is_well() -> bool:
            assert self.is_running(), f"the supervisor ended:\n{self.log()}"
            try:
                status, text = self.get("/healthz")
            except OSError as error:
                said[:] = [str(error)]
                return False
            said[:] = [text]
            return status == http.HTTPStatus.OK

        self._port = ""
        try:
            wait_for(is_well, within=60, what=f"{self.supervisor} is well")
        except AssertionError as late:
            raise AssertionError(f"{late}\nhealth: {said}\nlog: {self.log()}") from None

    def join(self, network: str) -> None:
        """Have it reach one more network; the engine then gives its web port another one outside."""
        docker("network", "connect", network, self.supervisor)
        self.wait_until_well()

    def log(self) -> str:
        """Everything the supervisor said so far."""
        shown = docker("logs", self.supervisor, check=False)
        return shown.stdout + shown.stderr

    # ---- its command line ----

    def borgpull(self, *words: str, check: bool = True, stdin: str = "", within: float = _RUN_SECONDS) -> Completed:
        """Run one command as the README says: inside the supervisor's container."""
        return docker(
            "exec", "--interactive", self.supervisor, "borgpull", *words, check=check, stdin=stdin, within=within
        )

    def json(self, *words: str, check: bool = True) -> Any:
        """Run one command with --json and read what it says."""
        return json.loads(self.borgpull(*words, "--json", check=check).stdout)

    def status(self, client: str) -> dict[str, Any]:
        """Return how one client stands."""
        (found,) = self.json("status", client)
        assert isinstance(found, dict)
        return found

    def run(self, client: str, *options: str, within: float = _RUN_SECONDS) -> Completed:
        """Back the client up now and wait for the end; the exit code is the outcome."""
        return self.borgpull("run", client, *options, check=False, within=within)

    def last_run(self, client: str) -> dict[str, Any]:
        """Return the newest run of the client as `history --json` has it."""
        found = self.json("history", client)
        assert found, f"{client} never ran"
        assert isinstance(found[0], dict)
        return found[0]

    def archives(self, client: str) -> list[str]:
        """Return the names of the client's archives, oldest first."""
        return [archive["name"] for archive in self.json("archives", client)]

    # ---- clients ----

    def add_client(
        self, name: str, machine: Machine, *options: str, host: str = "", trust: bool = True, listing: str = ""
    ) -> None:
        """Add a client for that machine, install its key there, and pin its host keys.

        `options` are those of `client add`; `host` is another way there, such as a proxy's name; `listing` is the
        key's value where it is not the default.
        """
        self.borgpull("client", "add", name, "--host", host or machine.host, "--user", machine.user, *options)
        if listing:
            self.shell(f"sed -i '/^\\[clients/a listing = \"{listing}\"' /config/clients.d/{name}.toml")
        machine.authorize(self.borgpull("client", "setup", name, "--key-line").stdout)
        if trust and "--jump" in options:
            self.borgpull("client", "trust", name, "--yes")
        elif trust:
            self._pin(name, machine.host_keys())

    def _pin(self, name: str, host_keys: Sequence[str]) -> None:
        # As `client trust` would, which needs a container for a look at the keys, and has tests of its own.
        lines = "".join(f"{name} {key}\n" for key in host_keys)
        script = (
            f"mkdir -p -m 700 /config/known_hosts; umask 022; cat > /config/known_hosts/{name}; "
            f"chown --reference=/config/secrets/{name}/passphrase /config/known_hosts /config/known_hosts/{name}"
        )
        self.shell(script, stdin=lines)

    def pull_container(self, client: str) -> str:
        """Name the container of the client's run; it need not exist."""
        return f"{self.name}-{client}"

    def siblings(self) -> Sequence[str]:
        """Name every container of this appliance but the supervisor, running or not."""
        found = names_of("container", f"name=^/?{self.name}-")
        return [name for name in found if name != self.supervisor]

    # ---- its volumes ----

    def shell(self, script: str, *, stdin: str = "", check: bool = True) -> Completed:
        """Run a script as root with /config, /state and /repos, whether or not the supervisor runs."""
        words = ("-euc", script)
        if self.is_running():
            # Sooner there than a container for it.
            return docker("exec", "--interactive", self.supervisor, "sh", *words, stdin=stdin, check=check)
        return docker(
            "run", "--rm", "--interactive", "--label", self.lab.label, "--network", "none", *self._volume_options(),
            "--entrypoint", "sh", self.lab.image, *words, stdin=stdin, check=check,
        )  # fmt: skip

    def write_config(self, text: str, path: str = "/config/borgpull.toml") -> None:
        """Replace a file of the configuration in one step, as an editor does."""
        self.shell(f'mkdir -p "$(dirname "{path}")"; cat > "{path}.new"; mv "{path}.new" "{path}"', stdin=text)

    def read(self, path: str) -> str:
        """Return the text of a file on one of its volumes."""
        return self.shell(f'cat "{path}"').stdout

    def _volume_options(self) -> list[str]:
        return [word for what, name in self.volumes.items() for word in ("--volume", f"{name}:/{what}")]

    # ---- its port ----

    def metric(self, name: str, client: str) -> float:
        """Return what its metrics say of the client's pulls; nothing is 0.

        Asked ten times a second, the command line would take a core for itself; this costs nothing.
        """
        start = f'borgpull_{name}{{client="{client}",operation="create"}} '
        lines = self.get("/metrics")[1].splitlines()
        return next((float(line.removeprefix(start)) for line in lines if line.startswith(start)), 0.0)

    def get(self, path: str) -> tuple[int, str]:
        """Ask its web port, as Prometheus does: status and text."""
        # The engine gives another one at each start. To ask it for each question costs more than the question.
        self._port = self._port or docker("port", self.supervisor, "9187/tcp").stdout.split()[0].rpartition(":")[2]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()
