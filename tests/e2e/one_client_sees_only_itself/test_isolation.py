"""S1: a pull container sees its own client's repository, cache, key and passphrase, and nothing of any other client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker
from tests.e2e.harness.processes import processes_in_full_swing
from tests.e2e.harness.slow import pulled_slowly

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared

ROLES = frozenset({"init", "warden", "controller", "ssh", "file system", "borg"})
# What a container may see: path inside, and whether it may write there. The client's name ends or precedes each source.
OWN = {
    "/.borgpull/plan.json": (False, "runs/{}/plan.json"),
    "/.borgpull/key": (False, "keys/{}/id_ed25519"),
    "/.borgpull/known_hosts": (False, "known_hosts/{}"),
    "/.borgpull/passphrase": (False, "secrets/{}/passphrase"),
    "/.borgpull/repository": (True, "{}"),
    "/.borgpull/cache": (True, "cache/{}"),
}

# The engine's own, the image's programs, and the client whose turn it is.
BORING = ("-regex", r"/\(proc\|sys\|usr\|opt\|mnt/client\)", "-prune", "-o")


def test_a_pull_container_sees_nothing_of_another_client(shared: Shared) -> None:
    appliance, machine = shared.appliance, shared.machine("trixie")
    appliance.add_client("neighbour", machine, "--path", "/srv/tree/odd")
    assert appliance.run("neighbour").returncode == 0
    secret = appliance.read("/config/secrets/neighbour/passphrase").strip()

    with pulled_slowly(appliance, "alone", machine) as container:
        found = processes_in_full_swing(shared.lab, container, ROLES)
        inspected = docker("inspect", container).stdout
        # As the owner of all that the pull knows; root in there, without the rights of root, may look less far.
        look = ("exec", "--user", "1000:1000", container)
        everything = docker(*look, "find", "/", *BORING, "-print", check=False).stdout
        room = docker(*look, "find", "/.borgpull", "-print", check=False).stdout
        search = ("grep", "--recursive", "--text", "--files-with-matches", "--fixed-strings", "--", secret)
        held = docker(*look, *search, "/.borgpull", "/run", "/etc", check=False).stdout
        own = docker(*look, "wc", "--bytes", "/.borgpull/passphrase").stdout

    (told,) = json.loads(inspected)
    mounts = {mount["Destination"]: (mount["RW"], mount["Source"]) for mount in told["Mounts"]}
    assert mounts.keys() == OWN.keys()
    for place, (writable, source) in OWN.items():
        assert mounts[place][0] == writable, place
        assert mounts[place][1].endswith(f"/{source.format('alone')}"), place
    assert int(own.split()[0]) > 40, "the look-up itself does not work"
    assert "/.borgpull/passphrase" in everything.splitlines()
    assert "/run/borgpull/ssh_config" in everything.splitlines()
    assert "neighbour" not in everything + room + inspected
    assert "neighbour" not in "".join(line for process in found for line in process.mounts)
    assert held == ""
    assert "docker.sock" not in everything + inspected
