"""Restores onto the server: what lies in /restored, streams as a shell would redirect them, and damage on purpose."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.e2e.harness.by_hand import borg_by_hand
from tests.e2e.harness.engine import docker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine
    from tests.lab.compare import Manifest

_STREAM_SECONDS = 120
# What the tests damage of what `archived` makes for the client `hurt`.
DAMAGED = ("srv/hurt/sub/21", "srv/hurt/sub/7")
# The container that restores has no rights, so nothing can be given away; holes are Borg's chunks of zeros.
LOST_HERE = frozenset({"uid", "gid", "user", "group", "sparse"})
_SMALL = """
mkdir -p {0}/sub; cd {0}
for n in $(seq 40); do head -c 40000 /dev/urandom > sub/$n; done
head -c 9000000 /dev/urandom > zero
echo one > one; ln one two; ln -s /etc/passwd link; chmod 4755 one; chmod 500 sub
"""
# Finds the object as Borg stored it, and turns one of its bits.
_FLIP = """
import pathlib, sys
wanted = pathlib.Path("/tmp/object").read_bytes()
for segment in pathlib.Path(sys.argv[1]).glob("*/*"):
    data = bytearray(segment.read_bytes())
    at = data.find(wanted)
    if at >= 0:
        data[at + len(wanted) // 2] ^= 1
        segment.write_bytes(data)
        sys.exit()
sys.exit("the object is in no segment")
"""


def archived(appliance: ApplianceUnderTest, machine: Machine, client: str) -> Machine:
    """Back a folder of its own up, with Borg on the machine, so that the archive has all there is."""
    place = f"/srv/{client}"
    machine.exec("sh", "-euc", _SMALL.format(place))
    appliance.add_client(client, machine, "--method", "socat", "--path", place)
    assert appliance.run(client).returncode == 0
    return machine


def landed(appliance: ApplianceUnderTest, folder: str) -> Manifest:
    """Describe a tree below /restored."""
    found = docker(
        "run", "--rm", "--label", appliance.lab.label, "--network", "none",
        "--volume", f"{appliance.volumes['restored']}:/restored:ro", "borgpull-lab:trixie",
        "python3", "-m", "tests.lab.compare", folder, "/nowhere",
    )  # fmt: skip
    manifest: Manifest = json.loads(found.stdout)
    return manifest


@contextmanager
def stream(appliance: ApplianceUnderTest, client: str, form: str, *paths: str) -> Iterator[subprocess.Popen[bytes]]:
    """Restore to a pipe, as `docker compose exec -T … > file` does, for as long as the block lasts."""
    words = ("restore", client, "latest", *paths, "--way", "local", "--format", form)
    argv = ("docker", "exec", "--interactive", appliance.supervisor, "borgpull", *words)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        yield process


def streamed(appliance: ApplianceUnderTest, client: str, form: str, *paths: str) -> tuple[int, bytes, str]:
    """Return the exit code, the stream and what was said beside it."""
    with stream(appliance, client, form, *paths) as process:
        out, said = process.communicate(timeout=_STREAM_SECONDS)
    return process.returncode, out, said.decode()


def unpacked(appliance: ApplianceUnderTest, data: bytes, script: str) -> tuple[int, str, str]:
    """Give the bytes to a script in a machine with plain Debian tools, as root in an empty folder."""
    argv = (
        "docker", "run", "--rm", "--interactive", "--label", appliance.lab.label, "--network", "none",
        "--workdir", "/srv/out", "borgpull-lab:trixie", "bash", "-euc", script,
    )  # fmt: skip
    done = subprocess.run(argv, input=data, capture_output=True, timeout=_STREAM_SECONDS, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def decompressed(appliance: ApplianceUnderTest, data: bytes) -> tuple[int, bytes]:
    """Return what `zstd -d` makes of the bytes, and its exit code."""
    argv = ("docker", "exec", "--interactive", appliance.supervisor, "zstd", "-dcq")
    done = subprocess.run(argv, input=data, capture_output=True, timeout=_STREAM_SECONDS, check=False)
    return done.returncode, done.stdout


def damage(appliance: ApplianceUnderTest, client: str, archive: str, path: str) -> None:
    """Turn one bit of a file's first chunk, as a bad disk does."""
    dumped = borg_by_hand(appliance, client, f"debug dump-archive ::{archive} -").stdout
    (item,) = (item for item in json.loads(dumped)["_items"] if item["path"] == path)
    chunk = item["chunks"][0][0].removeprefix("\x7f")
    borg_by_hand(appliance, client, f"debug get-obj $BORG_REPO {chunk} /tmp/object >&2")
    appliance.shell(f"python3 - /repos/{client}/data; chown -R 1000:1000 /repos/{client}", stdin=_FLIP)
