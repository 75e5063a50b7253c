"""The ways into a repository that `python -m bench listing` compares, each told by what is typed for it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from appliance.cli.key_lines import READ_ONLY
from bench.by_hand import BORG, CACHES, CREATE, INIT, KEY_PAIR, OVER_SFTP, pin
from bench.way import SOURCE, NotTheSameWorkError
from tests.e2e.harness.engine import docker

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

WITHIN_SECONDS = 7200.0
# On both machines a volume: the file system of a container may be another one, and a slow one.
ROOM = "/var/bench"
_SSH = "ssh -o Ciphers=^aes128-gcm@openssh.com"
_SCRIPT = """\
{borg}export BORG_RSH='{ssh}'
{init}began=$(date +%s%N)
{open}
{create}
{close}
echo "took $(($(date +%s%N) - began))"
"""
# The same options as in appliance/pull/methods/sshfs.py. Said at its end, through all that it says in between, is how
# many requests it sent.
_SSHFS = """\
mkdir -p /mnt/client
{{ sshfs -f root@{host}:/ /mnt/client -o ro,no_contain_symlinks,sshfs_debug -o ssh_command='{ssh}'; }} 2>&1 |
    grep -a messages >/tmp/said &
until mountpoint -q /mnt/client; do kill -0 $!; sleep 0.02; done
cd /mnt/client
"""
_SSHFS_END = "cd /; fusermount3 -u /mnt/client; wait; cat /tmp/said"
_MIRROR = """\
mkdir -p {mirror}/{source}
rsync -aHAX --numeric-ids --delete -e '{ssh}' root@{host}:/{source}/ {mirror}/{source}/
cd {mirror}
"""
_SET = """sed -i '/^\\[clients/a listing = "{listing}"' /config/clients.d/{client}.toml"""
_TOOK, _SENT = re.compile(r"^took (\d+)$", re.MULTILINE), re.compile(r"^sent: +(\d+) messages", re.MULTILINE)
_FETCHED = re.compile(r"fetched \d+ files, \d+ bytes, (\d+) requests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a way says of its last act: files archived, seconds from opening the source to Borg's end, requests."""

    files: int
    work_seconds: float
    requests: int | None


class ListingWay(Protocol):
    """Each pair of measurements has a repository of its own; only `act` is timed."""

    name: str
    # Whose processor time and memory count as the server's, and whose containers beside those.
    server: str

    def client(self, pair: str) -> str:
        """Name the appliance's client, if it has one."""

    def prepare(self, pair: str) -> None:
        """Do what is done once for a client, long before its first archive."""

    def act(self, pair: str, stage: str) -> None:
        """Make an archive, and before the first one the repository."""

    def done(self, pair: str) -> Done:
        """Say what the last act did."""

    def forget(self, pair: str) -> None:
        """Free the room."""


class ByHand:
    """`borg create` typed on one of the two machines, with what has to be typed before and after it."""

    def __init__(
        self, name: str, at: Machine, server: Machine, repositories: str,
        *, before: Callable[[str], str] = lambda _: "cd /", after: str = "", options: str = "",
    ) -> None:  # fmt: skip
        """`repositories` is where they are, as Borg writes it; `before` returns what opens the source of a pair."""
        self.name, self.server = name, server.host
        self._at, self._on_server, self._repositories = at, server, repositories
        self._before, self._after, self._options = before, after, options
        self._said = ""

    def client(self, pair: str) -> str:  # noqa: ARG002 - it has none
        """It needs no appliance."""
        return ""

    def prepare(self, pair: str) -> None:
        """Make the folder of the repository."""
        self._on_server.exec("mkdir", "-p", f"{ROOM}/repos/{self.name}-{pair}")

    def act(self, pair: str, stage: str) -> None:
        """Type it."""
        folder = f"{self.name}-{pair}"
        script = _SCRIPT.format(
            borg=BORG.format(pair=folder, repository=f"{self._repositories}{ROOM}/repos/{folder}"),
            ssh=_SSH,
            init=INIT if stage == "first" else "",
            open=self._before(folder),
            create=CREATE.format(options=self._options, archive=stage, source=SOURCE),
            close=self._after,
        )
        self._said = docker("exec", self._at.host, "sh", "-euc", script, within=WITHIN_SECONDS).stdout

    def done(self, pair: str) -> Done:  # noqa: ARG002 - only the last one counts
        """Read it from what was printed."""
        took, sent = _TOOK.search(self._said), _SENT.search(self._said)
        assert took is not None
        text = self._said[self._said.index("{") :]
        files = json.JSONDecoder().raw_decode(text)[0]["archive"]["stats"]["nfiles"]
        return Done(files=files, work_seconds=int(took[1]) / 1e9, requests=int(sent[1]) if sent else None)

    def forget(self, pair: str) -> None:
        """Remove the repository, the cache and the mirror."""
        for machine in {self._at, self._on_server}:
            machine.exec("sh", "-c", f"rm -rf {ROOM}/*/{self.name}-{pair} {CACHES}/{self.name}-{pair}")


class Pulled:
    """`borgpull run`, from the command to its answer."""

    def __init__(
        self, name: str, appliance: ApplianceUnderTest, machine: Machine, host: str, *options: str, listing: str = ""
    ) -> None:
        """`host` is the way to the machine, `options` are those of `client add`, `listing` is the key's value."""
        self.name, self.server = name, appliance.supervisor
        self._appliance, self._machine, self._host = appliance, machine, host
        self._options, self._listing = options, listing

    def client(self, pair: str) -> str:
        """Each pair has its own."""
        return f"{self.name}-{pair}"

    def prepare(self, pair: str) -> None:
        """Add the client, install its key and pin the machine's."""
        client = self.client(pair)
        words = ("--host", self._host, "--user", "root", "--path", f"/{SOURCE}", *self._options)
        self._appliance.borgpull("client", "add", client, *words)
        if self._listing:
            self._appliance.shell(_SET.format(client=client, listing=self._listing))
        line = self._appliance.borgpull("client", "setup", client, "--key-line").stdout
        # A key that is held to SFTP, whatever `client setup` would give it now.
        self._machine.authorize(f"{READ_ONLY} {line[line.index('ssh-ed25519') :]}" if self._listing == "auto" else line)
        self._appliance.borgpull("client", "trust", client, "--yes")

    def act(self, pair: str, stage: str) -> None:
        """Run it."""
        done = self._appliance.run(self.client(pair), within=WITHIN_SECONDS)
        if done.returncode != 0:
            raise NotTheSameWorkError(f"{self.name}, {stage}: {done.returncode}\n{done.stdout}{done.stderr}")

    def done(self, pair: str) -> Done:
        """Read it from the journal and from the run's log."""
        client = self.client(pair)
        said = [json.loads(line) for line in self._appliance.borgpull("logs", client, "--json").stdout.splitlines()]
        when = {line["message"]: datetime.fromisoformat(line["time"]) for line in said}
        fetched = [found for line in said if (found := _FETCHED.search(line["message"]))]
        return Done(
            files=self._appliance.last_run(client)["archive"]["files"],
            work_seconds=(when["step verify"] - when["step open"]).total_seconds(),
            requests=int(fetched[-1][1]) if fetched else None,
        )

    def forget(self, pair: str) -> None:
        """Remove the repository and the cache: this client never runs again."""
        client = self.client(pair)
        self._appliance.shell(f"rm -rf /repos/{client} /state/cache/{client}")


def let_in(caller: Machine, called: Machine, *hosts: str) -> None:
    """Let the root of one machine in at the other, with the host key pinned under each of its names."""
    called.authorize(caller.exec("sh", "-euc", KEY_PAIR).stdout)
    for host in hosts:
        pin(caller.host, called, host)


def all_ways(
    appliance: ApplianceUnderTest, machine: Machine, server: Machine, to_client: str, to_server: str
) -> dict[str, ListingWay]:
    """Return every way by its name; the last two arguments are where the proxies listen."""
    let_in(machine, server, server.host, to_server)
    let_in(server, machine, to_client)
    mounted = _SSHFS.format(host=to_client, ssh=_SSH)

    def mirrored(folder: str) -> str:
        return _MIRROR.format(mirror=f"{ROOM}/mirror/{folder}", source=SOURCE, host=to_client, ssh=_SSH)

    ways: tuple[ListingWay, ...] = (
        ByHand("push", machine, server, f"ssh://root@{to_server}"),
        ByHand("direct", machine, server, f"ssh://root@{server.host}"),
        Pulled("socat", appliance, machine, to_client, "--method", "socat"),
        ByHand("sshfs", server, server, "", before=lambda _: mounted, after=_SSHFS_END, options=OVER_SFTP),
        Pulled("never", appliance, machine, to_client, listing="never"),
        Pulled("listing", appliance, machine, to_client, listing="require"),
        Pulled("sftp", appliance, machine, to_client, listing="auto"),
        ByHand("rsync", server, server, "", before=mirrored),
    )
    return {way.name: way for way in ways}
