"""Method mount: a Docker volume or a folder of the host is read as it is, with all that a local file system knows."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import archived_tree, outside
from tests.e2e.harness.processes import processes_in_full_swing
from tests.lab.compare import Manifest, differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.shared import Shared

# Names are no part of a folder: which machine's would they be? Holes are there again with `borg extract --sparse`.
LOST = frozenset({"user", "group", "sparse"})
# Of the engine's host, where it has room; each test makes a folder of its own name in it.
HOST_FOLDER = "/var/tmp"  # noqa: S108
ATTRIBUTES = "system.posix_acl_access", "user.origin"
_DECORATE = """
import os, struct
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in (
    (1, 6, 0xFFFFFFFF), (2, 4, 4242), (4, 4, 0xFFFFFFFF), (16, 6, 0xFFFFFFFF), (32, 4, 0xFFFFFFFF)))
os.setxattr("/here/tree/text.txt", "user.origin", b"kept \\x00 whole")
os.setxattr("/here/tree/text.txt", "system.posix_acl_access", acl)
"""
_READ_ATTRIBUTES = """
import base64, json, os
names = sorted(name for name in os.listxattr("tree/text.txt") if name.startswith(("user.", "system.")))
print(json.dumps({name: base64.b64encode(os.getxattr("tree/text.txt", name)).decode() for name in names}))
"""


class Place:
    """A volume, or a folder of the engine's host, that a lab machine fills and describes."""

    def __init__(self, lab: Lab, source: str) -> None:
        self.lab, self.source = lab, source

    def python(self, *words: str, stdin: str = "") -> str:
        """Run Python there; the place is at /here."""
        return docker(
            "run", "--rm", "--interactive", "--label", self.lab.label, "--network", "none",
            "--volume", f"{self.source}:/here", "--workdir", "/here", "borgpull-lab:trixie", "python3", *words,
            stdin=stdin,
        ).stdout  # fmt: skip

    def fill(self, *, public: bool) -> None:
        """Lay out the lab's tree below it, with extended attributes and an access list."""
        self.python("-m", "tests.lab.tree", *(["--public"] if public else []), "/here/tree")
        self.python("-", stdin=_DECORATE)

    def manifest(self) -> Manifest:
        """Describe what is there."""
        manifest: Manifest = json.loads(self.python("-m", "tests.lab.compare", "/here/tree", "/nowhere"))
        return manifest

    def attributes(self) -> dict[str, str]:
        """Return the extended attributes of one file, in base64."""
        found: dict[str, str] = json.loads(self.python("-", stdin=_READ_ATTRIBUTES))
        return found


@pytest.fixture(scope="module")
def volume(lab: Lab) -> Place:
    place = Place(lab, lab.volume(lab.name("tree")))
    place.fill(public=False)
    return place


@pytest.fixture
def folder(lab: Lab) -> Iterator[Place]:
    name = lab.name("folder")
    yield Place(lab, f"{HOST_FOLDER}/{name}")
    docker(
        "run", "--rm", "--volume", f"{HOST_FOLDER}:/above", "--label", lab.label, "borgpull-lab:trixie",
        "rm", "-rf", f"/above/{name}",
    )  # fmt: skip


def add(appliance: ApplianceUnderTest, client: str, *options: str, read_all: bool) -> None:
    appliance.borgpull("client", "add", client, *options)
    if read_all:
        file = f"/config/clients.d/{client}.toml"
        appliance.write_config(f"{appliance.read(file).rstrip()}\nread_all = true\n", file)


def archived_attributes(appliance: ApplianceUnderTest, client: str, archive: str) -> dict[str, str]:
    """Extract with plain Borg, and return the extended attributes of the decorated file."""
    script = 'borg extract --numeric-ids "::$1" tree/text.txt; exec python3 -c "$2"'
    found = outside(appliance, client, "sh", "-euc", script, "extract", archive, _READ_ATTRIBUTES)
    attributes: dict[str, str] = json.loads(found.stdout)
    return attributes


def test_a_volume_arrives_whole_with_links_attributes_and_nanoseconds(shared: Shared, volume: Place) -> None:
    appliance = shared.appliance
    add(appliance, "vault", "--volume", volume.source, read_all=True)

    run = appliance.run("vault")

    assert run.returncode == 0, run.stdout + run.stderr
    assert appliance.status("vault")["state"] == "ok"
    (archive,) = appliance.archives("vault")
    archived = archived_tree(appliance, "vault", archive, "/tree")
    assert differences(volume.manifest(), archived, ignore=LOST) == []
    assert archived["three"]["hard_link"] is not None
    attributes = volume.attributes()
    assert tuple(attributes) == ATTRIBUTES
    assert base64.b64decode(attributes["user.origin"]) == b"kept \x00 whole"
    assert archived_attributes(appliance, "vault", archive) == attributes
    assert_nothing_is_left(appliance, "vault")


def test_a_folder_of_the_host_arrives_whole_without_any_right(shared: Shared, folder: Place) -> None:
    appliance = shared.appliance
    folder.fill(public=True)
    add(appliance, "album", "--folder", folder.source, read_all=False)

    run = appliance.run("album")

    assert run.returncode == 0, run.stdout + run.stderr
    (archive,) = appliance.archives("album")
    assert differences(folder.manifest(), archived_tree(appliance, "album", archive, "/tree"), ignore=LOST) == []
    assert_nothing_is_left(appliance, "album")


def test_without_read_all_what_cannot_be_read_is_named_in_a_warning(shared: Shared, volume: Place) -> None:
    appliance = shared.appliance
    add(appliance, "shelf", "--volume", volume.source, read_all=False)

    run = appliance.run("shelf")

    assert run.returncode == 1, run.stdout + run.stderr
    last = appliance.last_run("shelf")
    assert (last["outcome"], last["reason"]) == ("warning", "unreadable")
    assert any("unreadable" in warning for warning in last["warnings"]), last["warnings"]
    (archive,) = appliance.archives("shelf")
    archived = archived_tree(appliance, "shelf", archive, "/tree")
    lacking = {"unreadable", "private/inside"} | {path for path in volume.manifest() if path.startswith("modes/04")}
    missing = volume.manifest().keys() - archived.keys()
    assert "unreadable" in missing
    assert missing <= lacking | {path for path in volume.manifest() if path.startswith("modes/0")}


@pytest.mark.parametrize("read_all", [False, True])
def test_whoever_reads_a_folder_has_no_right_but_to_read(shared: Shared, lab: Lab, *, read_all: bool) -> None:
    appliance, client = shared.appliance, f"held-{str(read_all).lower()}"
    place = Place(lab, lab.volume(lab.name("held")))
    # Zeros take Borg long enough to be looked at, and the disk nothing.
    place.python("-c", "import os; os.truncate(os.open('/here/zeros', os.O_CREAT | os.O_RDWR, 0o644), 40 << 30)")
    add(appliance, client, "--volume", place.source, read_all=read_all)
    container = appliance.pull_container(client)

    appliance.borgpull("run", client, "--no-wait")
    found = processes_in_full_swing(lab, container, frozenset({"init", "warden", "controller", "borg"}))
    told = docker("inspect", "--format", "{{.HostConfig.NetworkMode}} {{json .Mounts}}", container).stdout
    appliance.borgpull("stop", client)

    assert_nothing_is_left(appliance, client, within=60)
    rights = {process.role: process.capabilities for process in found}
    expected = 1 << 2 if read_all else 0
    assert rights["borg"]["CapEff"] == rights["borg"]["CapBnd"] == rights["borg"]["CapPrm"] == expected
    assert set(rights["controller"].values()) == {0}
    if not read_all:
        assert rights["warden"]["CapEff"] == rights["init"]["CapEff"] == 0
    assert all(process.no_new_privileges for process in found)
    assert {process.role for process in found if process.uid == 1000} >= {"borg", "controller"}
    network, _, mounts = told.partition(" ")
    assert network == "none"
    (source,) = (mount for mount in json.loads(mounts) if mount["Destination"] == "/.borgpull/source")
    assert source["RW"] is False
    assert appliance.last_run(client)["outcome"] == "interrupted"
