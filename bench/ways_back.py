"""One way to get the tree out of the archive, as the benchmark sees it: by hand, and by `borgpull restore`.

All of them write to the same volume of the engine: the machine has it at /srv/out, Borg by hand at /out, and the
appliance at /restored.
"""

from __future__ import annotations

import subprocess
import tarfile
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Protocol

from bench.bare import BORG, BareBorg
from bench.by_hand import Push
from bench.way import NotTheSameWorkError
from tests.e2e.harness.engine import docker
from tests.e2e.harness.lease import close_lease, open_lease, restored

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

CLIENT = "restored"
OUT_ON_THE_MACHINE = "/srv/out"
_WITHIN_SECONDS = 600.0
_EXTRACT = 'mkdir "{folder}"; cd "{folder}"; exec borg --bypass-lock extract "{repository}::{archive}"\n'
_COUNT = """\
find '/out/{folder}' -type f -printf '%s\\n' | awk '{{n += 1; s += $1}} END {{print n, s}}'
rm -rf '/out/{folder}'
"""


class WayBack(Protocol):
    """Only `restore` is timed."""

    name: str

    def prepare(self) -> None:
        """Do what an operator does before."""

    def restore(self, folder: str) -> None:
        """Restore everything below a folder of that name, which is not there yet."""

    def found(self, folder: str) -> tuple[int, int]:
        """Count the files and bytes that came, and free the room."""


class Bare:
    """`borg extract` beside the repository, in a container of the appliance's image that is already running."""

    name = "borg extract"

    def __init__(self, appliance: ApplianceUnderTest) -> None:
        """Start the container."""
        (self.archive,) = appliance.archives(CLIENT)
        self._borg = BareBorg(appliance, appliance.volumes["restored"])

    def prepare(self) -> None:
        """Nothing."""

    def restore(self, folder: str) -> None:
        """Extract as root, so that owners come back too."""
        extract = _EXTRACT.format(folder=f"/out/{folder}", repository=f"/repos/{CLIENT}", archive=self.archive)
        self._borg.run(CLIENT, extract)

    def found(self, folder: str) -> tuple[int, int]:
        """Count what stands below the folder, whoever restored it."""
        files, size = self._borg.shell(_COUNT.format(folder=folder)).split()
        return int(files), int(size)


class OverSsh:
    """`borg extract` on the machine, by its own Borg, over ssh to `borg serve` on a plain server."""

    name = "borg over ssh"

    def __init__(self, appliance: ApplianceUnderTest, machine: Machine, server: Machine, bare: Bare) -> None:
        """Let the machine's root in at the server, which has the appliance's repositories at /repos."""
        Push(machine, server)
        self._machine, self._repository, self._bare = machine, f"ssh://root@{server.host}/repos/{CLIENT}", bare
        self._passphrase = appliance.read(f"/config/secrets/{CLIENT}/passphrase")

    def prepare(self) -> None:
        """Nothing."""

    def restore(self, folder: str) -> None:
        """Extract as the machine's root."""
        place = f"{OUT_ON_THE_MACHINE}/{folder}"
        extract = _EXTRACT.format(folder=place, repository=self._repository, archive=self._bare.archive)
        script = f"{BORG.format(client=CLIENT)}unset BORG_PASSCOMMAND; export BORG_PASSPHRASE=$(cat)\n{extract}"
        docker(
            "exec", "--interactive", self._machine.host, "sh", "-euc", script,
            stdin=self._passphrase, within=_WITHIN_SECONDS,
        )  # fmt: skip

    def found(self, folder: str) -> tuple[int, int]:
        """Count what stands there."""
        return self._bare.found(folder)


class OntoTheMachine:
    """`borgpull restore --way …` into a folder of the machine, from the command to its answer."""

    def __init__(self, appliance: ApplianceUnderTest, machine: Machine, way: str, bare: Bare) -> None:
        """By one of the ways that write on the machine."""
        self.name = way
        self._appliance, self._machine, self._bare = appliance, machine, bare

    def prepare(self) -> None:
        """Open the lease of this way, and of no other: sshd goes by the first line of a key."""
        close_lease(CLIENT, self._machine)
        open_lease(self._appliance, CLIENT, self._machine, "--way", self.name)

    def restore(self, folder: str) -> None:
        """Restore everything."""
        restored(self._appliance, CLIENT, "--way", self.name, "--to", f"{OUT_ON_THE_MACHINE}/{folder}")

    def found(self, folder: str) -> tuple[int, int]:
        """Count what stands there."""
        return self._bare.found(folder)


class Local:
    """`borgpull restore --way local` into a folder of the server."""

    name = "local"

    def __init__(self, appliance: ApplianceUnderTest, bare: Bare) -> None:
        """Into the appliance's /restored."""
        self._appliance, self._bare = appliance, bare

    def prepare(self) -> None:
        """Nothing: no lease is needed."""

    def restore(self, folder: str) -> None:
        """Restore everything."""
        restored(self._appliance, CLIENT, "--way", "local", "--to", f"/restored/{folder}")

    def found(self, folder: str) -> tuple[int, int]:
        """Count what stands there."""
        return self._bare.found(folder)


class Stream:
    """`borgpull restore --format tar > FILE`, through `docker exec` as the documentation has it."""

    name = "local, tar"

    def __init__(self, appliance: ApplianceUnderTest) -> None:
        """Into a file of the machine that measures."""
        self._argv = (
            "docker", "exec", "--interactive", appliance.supervisor,
            "borgpull", "restore", CLIENT, "latest", "--format", "tar",
        )  # fmt: skip
        self._file = TemporaryFile(dir="/var/tmp")  # noqa: SIM115 - a disk, which /tmp need not be; lives as we do

    def prepare(self) -> None:
        """Empty the file."""
        self._file.seek(0)
        self._file.truncate()

    def restore(self, folder: str) -> None:
        """Restore everything; the folder is of no use to it."""
        # A pipe that stays open: an end of standard input would mean that whoever asked is gone.
        with subprocess.Popen(self._argv, stdin=subprocess.PIPE, stdout=self._file, stderr=subprocess.PIPE) as process:
            said = process.stderr.read() if process.stderr else b""
            code = process.wait(timeout=_WITHIN_SECONDS)
        if code != 0:
            raise NotTheSameWorkError(f"{self.name} to {folder}: {code}\n{said.decode()}")

    def found(self, folder: str) -> tuple[int, int]:  # noqa: ARG002 - it has a file
        """Count the members of the tar."""
        self._file.seek(0)
        with tarfile.open(fileobj=self._file) as tar:
            sizes = [member.size for member in tar if member.isfile()]
        return len(sizes), sum(sizes)
