"""A client machine of the lab: a container with an sshd, and what can happen to it."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import Completed, docker, state_of, wait_for
from tests.e2e.harness.lab import LIFETIME_SECONDS

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab
    from tests.lab.compare import Manifest

# Each its public halves, as its owner would read them off.
_HOST_KEYS = "cat /etc/ssh/ssh_host_*_key.pub 2>/dev/null || dropbearkey -y -f /etc/dropbear/ed25519"
USERS = {"trixie": "root", "bookworm": "root", "nas": "root", "sftp-only": "keeper"}
_PORT_22, _LISTENING, _ESTABLISHED = "0016", "0A", "01"


class Machine:
    """One machine. `host` is its name on the lab's network, `user` whom the appliance logs in as."""

    def __init__(self, lab: Lab, kind: str, *, tree: str = "", image: str = "", options: tuple[str, ...] = ()) -> None:
        """`image` is another one than that of the kind, `options` are more of `docker run`."""
        self.kind = kind
        self.lab = lab
        self.host = lab.name(kind)
        self.user = USERS[kind]
        given = ["--env", f"LAB_TREE={tree}"] if tree else []
        start = "/bin/start" if kind == "nas" else "start"
        docker(
            "run", "--detach", "--init", "--name", self.host, "--label", lab.label, "--network", lab.network,
            *given, *options, image or f"borgpull-lab:{kind}", "timeout", str(LIFETIME_SECONDS), start,
        )  # fmt: skip
        self.wait_until_up()

    def exec(self, *words: str, stdin: str = "", check: bool = True) -> Completed:
        """Run a command on the machine, as its root."""
        return docker("exec", "--interactive", self.host, *words, stdin=stdin, check=check)

    def authorize(self, line: str) -> None:
        """Add a line to the authorized_keys of the pulled user, as its owner would by hand."""
        if self.kind == "nas":
            # Dropbear has no SFTP server of its own: there the forced command names OpenSSH's by its path.
            line = line.replace("internal-sftp", "/usr/lib/openssh/sftp-server")
        self.exec("authorize", stdin=line)

    def host_keys(self) -> tuple[str, ...]:
        """Return what its sshd can prove to have: `type base64` of each key."""
        lines = [line.split() for line in self.exec("sh", "-c", _HOST_KEYS).stdout.splitlines()]
        return tuple(
            " ".join(words[:2]) for words in lines if len(words) > 1 and words[0].startswith(("ssh-", "ecdsa-"))
        )

    def forget_keys(self) -> None:
        """Let nobody in any more."""
        self.exec("sh", "-c", 'rm -f "$AUTHORIZED_KEYS"')

    def manifest(self, path: str = "/srv/tree") -> Manifest:
        """Describe a tree of this machine, with owner names as this machine knows them."""
        names = {name: self.exec("cat", f"/etc/{name}").stdout for name in ("passwd", "group")}
        script = 'mkdir -p /tmp/of/etc; echo "$passwd" >/tmp/of/etc/passwd; echo "$group" >/tmp/of/etc/group'
        run = f'{script}; exec python3 -m tests.lab.compare "{path}" /tmp/of'
        if self.kind != "nas":
            found = self.exec("env", *(f"{name}={text}" for name, text in names.items()), "sh", "-c", run)
        else:
            # No Python there: a machine that has it looks at the same volume.
            given = [word for name, text in names.items() for word in ("--env", f"{name}={text}")]
            found = docker(
                "run", "--rm", "--label", self.lab.label, "--volumes-from", f"{self.host}:ro", *given,
                "borgpull-lab:trixie", "sh", "-c", run,
            )  # fmt: skip
        manifest: Manifest = json.loads(found.stdout)
        return manifest

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        docker("pause", self.host)

    def unpause(self) -> None:
        """Let it go on."""
        docker("unpause", self.host)

    def kill(self) -> None:
        """Switch it off in the middle of whatever it does."""
        docker("kill", self.host)

    def start(self) -> None:
        """Switch it on again, with the same disk and host keys."""
        docker("start", self.host)
        self.wait_until_up()

    def change_host_keys(self) -> None:
        """Come back with other host keys, as a machine that was set up anew, or as an impostor."""
        self.exec("sh", "-c", "rm -f /etc/ssh/ssh_host_* /etc/dropbear/ed25519")
        docker("restart", "--time", "2", self.host)
        self.wait_until_up()

    def wait_until_up(self) -> None:
        """Wait until its sshd listens."""
        wait_for(lambda: self._sockets(_LISTENING), within=120, what=f"sshd of {self.host} listens")

    def ssh_sessions(self) -> int:
        """Count the established connections to its sshd."""
        return self._sockets(_ESTABLISHED)

    def listening_ports(self) -> set[int]:
        """Name the TCP ports on which anybody on the machine listens."""
        return {int(row[1].rpartition(":")[2], 16) for row in self._tcp_table() if row[3] == _LISTENING}

    def _sockets(self, state: str) -> int:
        return sum(row[1].endswith(f":{_PORT_22}") and row[3] == state for row in self._tcp_table())

    def _tcp_table(self) -> list[list[str]]:
        # As the kernel tells it of the machine's first process. A command on the machine would cost as much as a pull,
        # and some tests ask ten times a second. A machine that is off has no process, one without IPv6 one table. Where
        # no table can be read at all, none is ever up, so that nothing counts connections there.
        first = state_of(self.host)["Pid"]
        rows: list[list[str]] = []
        for table in ("tcp", "tcp6"):
            with suppress(OSError):
                rows += [line.split() for line in Path(f"/proc/{first}/net/{table}").read_text("ascii").splitlines()]
        return [row for row in rows if len(row) > 3 and ":" in row[1]]
