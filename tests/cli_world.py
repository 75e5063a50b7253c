"""The world of a command line, in memory and a temporary folder; commands run in it as on a terminal."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from appliance.cli.main import run
from appliance.cli.surroundings import Surroundings
from appliance.config.load import load
from appliance.config.owner import Owner
from appliance.edges.disk_ledger import DiskLedgers
from appliance.edges.escrow_files import EscrowFiles
from appliance.edges.notify_urls import NotifyUrls
from appliance.edges.run_logs import RunLogs
from appliance.edges.scratch import Scratch
from appliance.edges.volumes import Volumes
from appliance.errors import BorgpullError, EngineError, StateError
from appliance.plan.engine_facts import EngineFacts, OwnContainer
from appliance.plan.events import Data, Result, write
from appliance.plan.file_systems import VolumeLook
from appliance.plan.places import host_key_alias, restore_mark
from appliance.record import Outcome
from appliance.supervisor import Post
from tests.fakes import FakeEngine, FakeNotifier, FakeTunnels, FixedClock, MemoryJournal, Script
from tests.house import NOON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from appliance.record import Reason

TWO_CLIENTS = """
[clients.web1]
host = "web1.lan"
paths = ["/"]

[clients.media]
method = "mount"
folder = "/mnt/media"
"""


SOUND = VolumeLook(file_system="ext4", free=500 << 30, size=1 << 40)


@dataclass(frozen=True)
class Shown:
    """What a command printed, and how it ended."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode()

    @property
    def data(self) -> Any:
        return json.loads(self.out)


class InspectedEngine(FakeEngine):
    """A fake engine that a doctor may look at."""

    def __init__(self) -> None:
        super().__init__()
        self.fuse_trouble = ""
        self.folder_trouble = ""
        self.address = "tcp://engine:2375"
        self.told = EngineFacts(version="27.1", api_version="1.46", now=NOON)
        self.own_trouble = self.apparmor = ""

    def facts(self) -> EngineFacts:
        if self.outage:
            raise EngineError(self.outage)
        return self.told

    def own(self) -> OwnContainer:
        if self.own_trouble:
            raise EngineError(self.own_trouble)
        return OwnContainer(id="f" * 64, name="borgpull-supervisor", image=self.image(), apparmor=self.apparmor)

    def ping(self) -> str:
        if self.outage:
            raise EngineError(self.outage)
        return "27.1 (API 1.46)"

    def image(self) -> str:
        return "sha256:0123456789abcdef"

    def host_path(self, path: str) -> str:
        return f"/volume1{path}"

    def prove(self, folder: str) -> str:
        return f"{folder}: {self.folder_trouble}" if self.folder_trouble else ""

    def fuse_check(self, device: str, *, privileged: bool = False) -> str:
        del device, privileged
        return self.fuse_trouble


@dataclass
class FakeKeys:
    """Keys in memory."""

    pairs: dict[str, str] = field(default_factory=dict)
    pins: dict[str, tuple[str, ...]] = field(default_factory=dict)
    trouble: str = ""
    agents: set[str] = field(default_factory=set)
    restoring: dict[str, str] = field(default_factory=dict)

    def create_agent_key(self, client: str) -> None:
        self.agents.add(client)

    def create(self, client: str) -> None:
        if self.trouble:
            raise StateError(self.trouble)
        self.pairs.setdefault(client, f"ssh-ed25519 AAAA{client} borgpull-{client}")

    def create_restore_key(self, client: str) -> None:
        self.restoring.setdefault(client, f"ssh-ed25519 AAAArestore {restore_mark(client)}")

    def is_known(self, client: str) -> bool:
        return client in self.pairs or bool(self.pinned(client))

    def forget(self, client: str) -> None:
        self.pairs.pop(client, None)
        self.restoring.pop(client, None)
        self.pins = {alias: keys for alias, keys in self.pins.items() if alias.rpartition("/")[2] != client}

    def public_key(self, client: str) -> str:
        return self.pairs[client]

    def restore_public_key(self, client: str) -> str:
        return self.restoring[client]

    def pinned(self, client: str, hop: int = 0) -> tuple[str, ...]:
        return self.pins.get(host_key_alias(client, hop), ())

    def pin(self, client: str, host_keys: tuple[str, ...], hop: int = 0) -> None:
        self.pins[host_key_alias(client, hop)] = host_keys


class FakeCipher:
    """Encrypts nothing, and holds what the real one promises: tests/contract/test_cipher_contract.py."""

    def encrypt(self, content: bytes, passphrase: bytes) -> bytes:
        return b"\n".join((sha256(passphrase).digest() + sha256(content).digest(), content[::-1]))

    def decrypt(self, content: bytes, passphrase: bytes) -> bytes:
        seal, plain = content[:64], content[65:][::-1]
        if seal != sha256(passphrase).digest() + sha256(plain).digest():
            raise BorgpullError("the bundle does not open: wrong passphrase, or the file is damaged")
        return plain


class CliWorld:
    """A house with a supervisor that seems to run; `meanwhile` is what happens at each wait of a command."""

    def __init__(self, folder: Path, toml: str = TWO_CLIENTS) -> None:
        self.config, self.state, self.repositories = (folder / name for name in ("config", "state", "repos"))
        self.restored = folder / "restored"
        for one in (self.config, self.state, self.repositories, self.restored):
            one.mkdir()
        self.clock = FixedClock(NOON)
        self.journal = MemoryJournal(self.clock)
        self.engine = InspectedEngine()
        self.keys = FakeKeys()
        self.logs = RunLogs(self.state)
        self.tunnels = FakeTunnels()
        self.notifier = FakeNotifier()
        self.cipher = FakeCipher()
        self.looks: dict[Path, VolumeLook] = {}
        self.meanwhile: list[Callable[[], object]] = []
        self.configure(toml)
        self.is_terminal = False
        self.journal.set_fact("appliance_id", "the-appliance")
        self.beat()

    def configure(self, toml: str) -> None:
        (self.config / "borgpull.toml").write_text(toml, encoding="utf-8")

    def beat(self) -> None:
        self.journal.set_fact("heartbeat", self.clock.now().isoformat())

    def with_repository(self, client: str = "web1") -> None:
        folder = self.repositories / client
        folder.mkdir()
        (folder / "config").write_text("[repository]\n", encoding="utf-8")

    def answer(self, *items: Mapping[str, Any], reason: Reason | None = None, message: str = "") -> None:
        """Let every question be answered so."""
        outcome = Outcome.FAILED if reason else Outcome.SUCCESS
        result = Result(outcome=outcome, reason=reason, message=message, exit_code=outcome.exit_code)
        lines = (*(write(Data(value=dict(item))) for item in items), write(result))
        self.engine.play = lambda _spec: Script(lines=lines, exit_code=outcome.exit_code)

    def run(self, *arguments: str, typed: str = "") -> Shown:
        with CliRunner().isolation(input=typed) as (out, err, _):
            code = run(arguments, self.surroundings())
            sys.stdout.flush()
            sys.stderr.flush()
            return Shown(code, out.getvalue(), err.getvalue().decode())

    def _wait(self, _seconds: float) -> None:
        assert self.meanwhile, "the command waits for something that never comes"
        self.meanwhile.pop(0)()

    def surroundings(self) -> Surroundings:
        volumes = Volumes(
            config=self.config, state=self.state, repositories=self.repositories, uid=os.getuid(), gid=os.getgid()
        )
        return Surroundings(
            config_folder=self.config,
            state_folder=self.state,
            repositories_folder=self.repositories,
            restored_folder=self.restored,
            load=lambda: load(self.config, {}),
            owner=Owner,
            journal=lambda: self.journal,
            engine=lambda: self.engine,
            volumes=lambda: volumes,
            look_at=lambda folder: self.looks.get(folder, SOUND),
            logs=lambda: self.logs,
            keys=lambda: self.keys,
            tunnels=lambda: self.tunnels,
            post=lambda: Post(services=self.notifier, checks=self.notifier, read_secret=NotifyUrls(self.config).read),
            escrow_files=lambda: EscrowFiles(config=self.config, state=self.state, uid=os.getuid(), gid=os.getgid()),
            cipher=lambda: self.cipher,
            scratch=lambda: Scratch(self.state, uid=os.getuid(), gid=os.getgid()),
            disk_ledger=DiskLedgers(config=self.config, repositories=self.repositories).read,
            snapshot=lambda facts: json.dumps(dict(facts)).encode(),
            clock=self.clock,
            wait=self._wait,
            is_terminal=lambda: self.is_terminal,
        )
