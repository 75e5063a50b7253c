"""Machines that the appliance cannot reach, and that dial in by what `client setup` prints."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.engine import Completed, docker, wait_for
from tests.e2e.harness.machine import Machine
from tests.e2e.harness.ports import free_port
from tests.e2e.harness.waiting import wait_for_a_look

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab

_RECONNECT_SECONDS = 120


class FarSide:
    """A network of its own: from there only what the Docker host publishes can be reached, and nobody gets in."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.network = lab.name("far")
        docker("network", "create", "--label", lab.label, self.network)
        shown = docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", self.network)
        self.host = shown.stdout.strip()
        self.port = free_port()
        self.machines: list[Machine] = []

    def appliance(self, more: str = "") -> ApplianceUnderTest:
        """Make an appliance whose gateway is published on the Docker host; it is not started yet."""
        return ApplianceUnderTest(self.lab, settings=f'gateway = "{self.host}:{self.port}"\n{more}')

    def machine(self, kind: str = "trixie", *, tree: str = "public") -> Machine:
        """Start a machine that is in this network and in no other."""
        made = Machine(self.lab, kind, tree=tree)
        self.machines.append(made)
        docker("network", "connect", self.network, made.host)
        docker("network", "disconnect", self.lab.network, made.host)
        return made

    def close(self) -> None:
        """Leave nothing behind."""
        for machine in self.machines:
            self.lab.sweep(f"{machine.host}$")
        docker("network", "rm", self.network)


class Dialler:
    """One machine that dials in for one client, as its administrator would set it up."""

    def __init__(self, appliance: ApplianceUnderTest, client: str, machine: Machine) -> None:
        self.appliance = appliance
        self.client = client
        self.machine = machine

    def set_up(self) -> None:
        """Do what is printed: make the key there, pin the gateway there, and let the key in here."""
        said = self.appliance.borgpull("client", "setup", self.client).stdout
        pasted = re.search(r"^  mkdir -p /etc/borgpull\n(?:  .+\n)+", said, re.MULTILINE)
        assert pasted, said
        key = self.machine.exec("sh", "-euc", pasted[0]).stdout.strip()
        self.appliance.borgpull("client", "setup", self.client, "--tunnel-key", key)

    def dial(self) -> None:
        """Let the printed loop run, and wait until the tunnel is up."""
        said = self.appliance.borgpull("client", "setup", self.client).stdout
        loop = re.search(r"^  (while :; do .+)$", said, re.MULTILINE)
        assert loop, said
        docker("exec", "--detach", self.machine.host, "sh", "-c", f"{loop[1]} >>/tmp/tunnel.log 2>&1")
        self.wait("up")

    def hang_up(self) -> None:
        """End the loop and its tunnel, and wait until that is noticed."""
        self.machine.exec("pkill", "-f", f"tunnel-{self.client}")
        self.wait("down")

    def wait(self, state: str) -> None:
        """Wait until the supervisor says so of the tunnel."""
        try:
            wait_for(lambda: self.state() == state, within=_RECONNECT_SECONDS, what=f"tunnel {state}")
        except AssertionError as late:
            said = self.machine.exec("sh", "-c", "cat /tmp/tunnel.log || true").stdout
            raise AssertionError(f"{late}\n{said}\n{self.appliance.log()}") from None

    def wait_until_back(self) -> None:
        """Wait until it has dialled in anew, where the tunnel of before may still be told to be up."""
        table = ("exec", f"{self.appliance.name}-gateway", "cat", "/proc/net/tcp")
        listening = f":{self.port:04X} "
        wait_for(
            lambda: listening in docker(*table, check=False).stdout,
            within=_RECONNECT_SECONDS,
            what=f"{self.client} has dialled in anew",
        )
        wait_for_a_look(self.appliance)
        self.wait("up")

    def sessions(self) -> set[str]:
        """Return the processes of ssh that its machine has now."""
        return set(self.machine.exec("pgrep", "-x", "ssh", check=False).stdout.split())

    def state(self) -> str:
        """Return what the metrics say of the tunnel: asked so often, the command line would take a core for itself."""
        found = re.search(
            rf'^borgpull_client_tunnel_up{{client="{self.client}"}} (.+)$',
            self.appliance.get("/metrics")[1],
            re.MULTILINE,
        )
        return "up" if found and float(found[1]) else "down"

    @cached_property
    def command(self) -> str:
        """The command that is printed for its side."""
        return self.appliance.borgpull("client", "setup", self.client, "--tunnel-command").stdout.strip()

    @property
    def port(self) -> int:
        """Its own port on the gateway."""
        found = re.search(r"-R localhost:(\d+):", self.command)
        assert found
        return int(found[1])

    def ssh(self, *options: str, seconds: int = 30) -> Completed:
        """Try something else with the tunnel's key; 124 means that ssh was still at it when the time was over."""
        words, login = re.sub(r" -N -T| -R \S+", "", self.command).rsplit(" ", 1)
        # What follows the login is a command for the gateway.
        before = [option for option in options if option.startswith("-")]
        after = [option for option in options if not option.startswith("-")]
        script = " ".join([words, *before, login, *after])
        return self.machine.exec("timeout", str(seconds), "sh", "-c", script, check=False)


def add_client_that_dials_in(
    appliance: ApplianceUnderTest, name: str, machine: Machine, *options: str, host: str = "localhost"
) -> None:
    """Add a client, and install its pull key by hand; its host key can only be seen through the tunnel."""
    paths = () if "--path" in options else ("--path", "/srv/tree/folder 0")
    appliance.borgpull("client", "add", name, "--host", host, "--reach", "dial-in", *paths, *options)
    machine.authorize(appliance.borgpull("client", "setup", name, "--key-line").stdout)
