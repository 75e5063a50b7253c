"""Proof from outside the appliance: plain upstream Borg of Debian, in a lab machine, on a copy of the repository."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import Completed, docker

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.lab.compare import Manifest

# A copy, so that looking cannot change what is looked at; Borg asks about a repository that moved.
_PREPARE = 'cp -a "/repos/$CLIENT" /tmp/repository; mkdir /tmp/out; cd /tmp/out; exec "$@"'


def outside(appliance: ApplianceUnderTest, client: str, *words: str, check: bool = True) -> Completed:
    """Run a command where BORG_REPO is a copy of the client's repository and the passphrase is at hand."""
    environment = {
        "CLIENT": client,
        "BORG_REPO": "/tmp/repository",  # noqa: S108 - in a container of its own
        "BORG_PASSCOMMAND": f"cat /config/secrets/{client}/passphrase",
        "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
    }
    given = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
    return docker(
        "run", "--rm", "--label", appliance.lab.label, "--network", "none", *given,
        "--volume", f"{appliance.volumes['repos']}:/repos:ro", "--volume", f"{appliance.volumes['config']}:/config:ro",
        "borgpull-lab:trixie", "sh", "-euc", _PREPARE, "outside", *words, check=check, within=240,
    )  # fmt: skip


def outside_borg(appliance: ApplianceUnderTest, client: str, *words: str, check: bool = True) -> Completed:
    """Run one command of plain upstream Borg; `::ARCHIVE` names an archive."""
    return outside(appliance, client, "borg", *words, check=check)


def outside_archives(appliance: ApplianceUnderTest, client: str) -> list[str]:
    """List every archive in the repository, whatever its name."""
    return outside_borg(appliance, client, "list", "--consider-checkpoints", "--short").stdout.split()


def archived_tree(appliance: ApplianceUnderTest, client: str, archive: str, path: str = "/srv/tree") -> Manifest:
    """Check the repository with --verify-data, extract one path of the archive, and describe what came out."""
    found = outside(appliance, client, "python3", "-m", "tests.lab.outside", archive, path.lstrip("/"))
    manifest: Manifest = json.loads(found.stdout)
    return manifest
