"""Borg by itself on the appliance's own repositories: a container of its image, but without a line of the appliance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.memory import Taken, take
from tests.e2e.harness.engine import docker
from tests.e2e.harness.lab import LIFETIME_SECONDS

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest

_WITHIN_SECONDS = 600.0
# The self-test is off here too, since the appliance switches it off. No lock, so that nothing of root's is ever left
# in a repository that is not root's; it can only be read here anyway.
BORG = """\
export BORG_PASSCOMMAND='cat /config/secrets/{client}/passphrase' BORG_SELFTEST=disabled BORG_EXIT_CODES=modern
export BORG_BASE_DIR=/tmp/by-hand BORG_RELOCATED_REPO_ACCESS_IS_OK=yes LC_ALL=C.UTF-8 TZ=UTC
"""


class BareBorg:
    """The container, which stays for all commands. /out is the volume that it is given for what comes out."""

    def __init__(self, appliance: ApplianceUnderTest, out: str) -> None:
        """Start it with the appliance's repositories and passphrases."""
        lab, volumes = appliance.lab, appliance.volumes
        self.host = lab.name("by-hand")
        docker(
            "run", "--detach", "--init", "--name", self.host, "--label", lab.label, "--network", "none",
            "--volume", f"{volumes['repos']}:/repos:ro", "--volume", f"{volumes['config']}:/config:ro",
            "--volume", f"{out}:/out", "--no-healthcheck", "--entrypoint", "sleep", lab.image, str(LIFETIME_SECONDS),
        )  # fmt: skip

    def take(self, client: str, script: str, *words: str) -> Taken:
        """Run a script with that client's passphrase at hand; raises NotTheSameWorkError unless it ends well."""
        return take(self.host, "/out/printed", "sh", "-euc", f"{BORG.format(client=client)}{script}", *words)

    def run(self, client: str, script: str) -> None:
        """Run a script with that client's passphrase at hand."""
        docker("exec", self.host, "sh", "-euc", f"{BORG.format(client=client)}{script}", within=_WITHIN_SECONDS)

    def shell(self, script: str) -> str:
        """Run a script that is not measured, and return what it prints."""
        return docker("exec", self.host, "sh", "-euc", script, within=_WITHIN_SECONDS).stdout
