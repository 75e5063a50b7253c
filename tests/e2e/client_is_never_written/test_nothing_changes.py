"""S3: a pull changes nothing on the client, cannot, and needs no key that could."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from appliance.cli.key_lines import LISTING
from tests.e2e.harness.engine import docker
from tests.e2e.harness.processes import processes_in_full_swing
from tests.e2e.harness.slow import pulled_slowly

if TYPE_CHECKING:
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

ROLES = frozenset({"init", "warden", "controller", "ssh", "file system", "borg"})
# What a login writes on any machine, whoever logs in and whatever for; /run is memory (the greeting is written there).
OF_LOGINS = re.compile(r"/run(/.*)?|/var/log/(lastlog|[bw]tmp(\.db)?)|/var/lib/lastlog/.*")
# Every entry with type, mode, owners, size, modification and change times to the nanosecond, and target.
EVERYTHING = r"%p\t%y %m %U %G %s %T@ %C@ %l\n"
# What the printed key's line lets it do, and nothing else; what it then lists with.
OPTIONS = {"auto": LISTING, "never": 'restrict,command="internal-sftp -R"'}
LISTED_BY = {"auto": "find", "never": None}


def whole_machine(machine: Machine) -> dict[str, str]:
    """Describe every entry of the machine's disk."""
    # The engine rewrites its own files in /etc (resolv.conf and the like) from outside; -xdev leaves those mounts out.
    listing = machine.exec("find", "/", "-xdev", "-printf", EVERYTHING).stdout
    entries = (line.split("\t", 1) for line in listing.split("\n") if "\t" in line)
    return {path: rest for path, rest in entries if not OF_LOGINS.fullmatch(path)}


@pytest.mark.parametrize(
    ("names", "listing"), [("client", "auto"), ("chroot", "auto"), ("numeric", "auto"), ("client", "never")]
)
def test_a_pull_leaves_no_trace_on_the_client(shared: Shared, names: str, listing: str) -> None:
    appliance, machine, client = shared.appliance, shared.machine("trixie"), f"trace-{names}-{listing}"
    paths = ("--path", "/srv/tree", "--path", "/etc")
    appliance.add_client(client, machine, *paths, "--names", names, listing=listing)
    # The very first login may leave more than the later ones, so it is not this run's.
    appliance.borgpull("client", "probe", client)
    # Installing the key made the engine's storage copy the folder above it, and some show that folder's new time late.
    machine.exec("touch", "/root")
    before = whole_machine(machine)

    assert appliance.run(client).returncode == 0
    assert appliance.last_run(client)["listed_by"] == LISTED_BY[listing]

    after = whole_machine(machine)
    assert len(before) > 5_000
    assert sorted({(path, before.get(path), after.get(path)) for path, _ in before.items() ^ after.items()}) == []


@pytest.mark.parametrize("names", ["client", "chroot"])
@pytest.mark.parametrize("listing", ["auto", "never"])
def test_the_mount_cannot_be_written_and_the_key_could_not_either(shared: Shared, listing: str, names: str) -> None:
    appliance, machine, client = shared.appliance, shared.machine("trixie"), f"readonly-{names}-{listing}"

    with pulled_slowly(appliance, client, machine, "--names", names, listing=listing) as container:
        found = processes_in_full_swing(shared.lab, container, ROLES)
        writing = docker(
            "exec", "--user", "1000", container, "touch", "/mnt/client/srv/tree/written", check=False
        )  # fmt: skip
        # The same key past the mount, straight to the client's SFTP: `-R` there must refuse.
        batch = docker(
            "exec", "--interactive", "--user", "1000", container,
            "sftp", "-F", "/run/borgpull/ssh_config", "-b", "-", "client",
            stdin="mkdir /srv/tree/made\n", check=False,
        )  # fmt: skip

    assert writing.returncode != 0
    assert "Read-only file system" in writing.stderr
    assert batch.returncode != 0
    assert "denied" in batch.stderr.lower()
    (borg,) = (process for process in found if process.role == "borg")
    # The root of the chroot is the client's; elsewhere the client's root is a mount among others.
    place = "/" if names == "chroot" else "/mnt/client"
    mounted = [line.split() for line in borg.mounts if line.split()[4] == place]
    assert [fields[5].split(",")[0] for fields in mounted] == ["ro"], borg.mounts
    keys = machine.exec("cat", "/root/.ssh/authorized_keys").stdout.splitlines()
    (key,) = (line for line in keys if line.endswith(f" borgpull-{client}"))
    assert key.startswith(f"{OPTIONS[listing]} ssh-ed25519 ")
    assert machine.exec("sh", "-c", "ls -d /srv/tree/made /srv/tree/written", check=False).stdout == ""
    assert appliance.last_run(client)["outcome"] == "success"
