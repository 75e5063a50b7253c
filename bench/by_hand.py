"""What a person would type without the appliance: a push over ssh, and sshfs with Borg beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench.way import FILES, LOOK, SOURCE, NotTheSameWorkError, durations
from tests.e2e.harness.engine import docker
from tests.e2e.harness.lab import LIFETIME_SECONDS

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine

_RUN_SECONDS = 600.0
_KEY = "/root/.ssh/id_ed25519"
KEY_PAIR = f"mkdir -p -m 0700 /root/.ssh; ssh-keygen -q -t ed25519 -N '' -f {_KEY}; cat {_KEY}.pub"
_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key.pub"
# The self-test is off on every side, since the appliance switches it off; so is every question.
CACHES = "/var/bench-borg"
BORG = f"""\
export BORG_PASSPHRASE=bench BORG_SELFTEST=disabled BORG_EXIT_CODES=modern LC_ALL=C.UTF-8 TZ=UTC
export BORG_BASE_DIR={CACHES}/{{pair}} BORG_REPO={{repository}}
mkdir -p "$BORG_BASE_DIR"
"""
INIT = "borg init --encryption repokey-blake2\n"
CREATE = "borg create --json --compression zstd,3 {options} ::{archive} {source}\n"
# The same ssh and sshfs options as in appliance/pull/methods/sshfs.py, and the same of Borg's as in borg/create.py.
_MOUNT = """\
mkdir -p /mnt/client
sshfs {host}:/ /mnt/client -o ro,no_contain_symlinks -o ssh_command='ssh -o Ciphers=^aes128-gcm@openssh.com'
cd /mnt/client
"""
_UNMOUNT = "cd /; fusermount3 -u /mnt/client\n"
OVER_SFTP = "--noflags --noacls --noxattrs --files-cache mtime,size"


class Push:
    """`borg create` on the client machine, with Borg over ssh on a plain server."""

    name = "push"

    def __init__(self, client: Machine, server: Machine, *, host: str = "") -> None:
        """Let the client's root in at the server, with the host key pinned; `host` is another way there."""
        self._client, self._server, self._host = client, server, host or server.host
        server.authorize(client.exec("sh", "-euc", KEY_PAIR).stdout)
        pin(client.host, server, self._host)

    def prepare(self, pair: str) -> None:
        """Make the folder of the repository."""
        self._server.exec("mkdir", "-p", f"/var/bench-repos/{pair}")

    def first(self, pair: str) -> None:
        """Make a repository and an archive in it."""
        self._create(pair, "first", INIT)

    def unchanged(self, pair: str) -> None:
        """Make another archive of the same."""
        self._create(pair, "unchanged", "")

    def borg_seconds(self, pair: str) -> list[float]:
        """Ask the repository."""
        return durations(docker("exec", self._client.host, "sh", "-euc", f"{self._start(pair)}{LOOK}").stdout)

    def forget(self, pair: str) -> None:
        """Remove the repository and the cache."""
        self._server.exec("rm", "-rf", f"/var/bench-repos/{pair}")
        self._client.exec("rm", "-rf", f"{CACHES}/{pair}")

    def _create(self, pair: str, archive: str, init: str) -> None:
        create = CREATE.format(options="", archive=archive, source=SOURCE)
        _run(self._client.host, f"{self._start(pair)}{init}cd /\n{create}")

    def _start(self, pair: str) -> str:
        return BORG.format(pair=pair, repository=f"ssh://root@{self._host}/var/bench-repos/{pair}")


class Sshfs:
    """sshfs and `borg create` in a container of the appliance's image, but without a line of the appliance."""

    name = "by hand"

    def __init__(self, lab: Lab, client: Machine) -> None:
        """Start the container, which stays for all runs, and let it in at the client."""
        self._host = lab.name("by-hand")
        volume = lab.volume(f"{self._host}-repos")
        docker(
            "run", "--detach", "--init", "--name", self._host, "--label", lab.label, "--network", lab.network,
            "--cap-add", "SYS_ADMIN", "--device", "/dev/fuse", "--security-opt", "apparmor=unconfined",
            "--volume", f"{volume}:/repos", "--no-healthcheck", "--entrypoint", "sleep", lab.image,
            str(LIFETIME_SECONDS),
        )  # fmt: skip
        self._client = client
        client.authorize(docker("exec", self._host, "sh", "-euc", KEY_PAIR).stdout)
        pin(self._host, client, client.host)

    def prepare(self, pair: str) -> None:
        """Nothing: the repository is made with the first archive."""

    def first(self, pair: str) -> None:
        """Make a repository and an archive in it."""
        self._create(pair, "first", INIT)

    def unchanged(self, pair: str) -> None:
        """Make another archive of the same."""
        self._create(pair, "unchanged", "")

    def borg_seconds(self, pair: str) -> list[float]:
        """Ask the repository."""
        return durations(docker("exec", self._host, "sh", "-euc", f"{self._start(pair)}{LOOK}").stdout)

    def forget(self, pair: str) -> None:
        """Remove the repository and the cache."""
        docker("exec", self._host, "rm", "-rf", f"/repos/{pair}", f"{CACHES}/{pair}")

    def _create(self, pair: str, archive: str, init: str) -> None:
        create = CREATE.format(options=OVER_SFTP, archive=archive, source=SOURCE)
        _run(self._host, f"{self._start(pair)}{init}{_MOUNT.format(host=self._client.host)}{create}{_UNMOUNT}")

    def _start(self, pair: str) -> str:
        return BORG.format(pair=pair, repository=f"/repos/{pair}")


def pin(container: str, server: Machine, host: str) -> None:
    key = " ".join(server.exec("cat", _HOST_KEY).stdout.split()[:2])
    docker("exec", "--interactive", container, "tee", "-a", "/root/.ssh/known_hosts", stdin=f"{host} {key}\n")


def _run(container: str, script: str) -> None:
    said = docker("exec", container, "sh", "-euc", script, within=_RUN_SECONDS).stdout
    files = json.loads(said[said.index("{") :])["archive"]["stats"]["nfiles"]
    if files != FILES:
        raise NotTheSameWorkError(f"{container} archived {files} files, not {FILES}")
