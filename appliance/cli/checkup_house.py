"""What the doctor looks at without any container: volumes, secrets, the supervisor, the clock."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.cli.findings import bad, fine, warning
from appliance.cli.host_keys import machines
from appliance.cli.readable import ago
from appliance.cli.surroundings import heartbeat_age, is_alive, supervisor_sentence
from appliance.config.model import MachineClient
from appliance.errors import ExitCode
from appliance.plan import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.cli.findings import Finding
    from appliance.cli.surroundings import Store
    from appliance.config.model import Client
    from appliance.config.owner import Owner
    from appliance.ports import ClientHistory

# No clock of ours can be right that is before the day this was written.
_RELEASED = datetime(2026, 11, 22, tzinfo=UTC)
_DRIFT = timedelta(minutes=5)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def supervisor_findings(store: Store, now: datetime) -> Iterator[Finding]:
    """Look at the supervisor's signs of life, and at the clock they were written by."""
    heartbeat = heartbeat_age(store, now)
    if is_alive(heartbeat):
        yield fine("supervisor", "running")
    else:
        yield bad("supervisor", supervisor_sentence(heartbeat), "", ExitCode.NO_SUPERVISOR)
    if store.fact("paused"):
        yield warning("supervisor", "paused: nothing starts by itself", "`borgpull resume` ends that")
    newest = next(iter(store.history(limit=1)), None)
    if now < _RELEASED:
        yield bad("clock", f"it says {now:%Y-%m-%d}, which cannot be", "set the host's clock, best by NTP")
    elif newest is not None and newest.started > now + _DRIFT:
        sentence = f"the newest run is dated {newest.started:%Y-%m-%d %H:%M} UTC, later than now"
        yield warning("clock", sentence, "check the host's clock; schedules wait until it has caught up")
    else:
        yield fine("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def client_findings(
    client: Client, history: ClientHistory | None, *, now: datetime, root: Path, owner: Owner
) -> Iterator[Finding]:
    """Look at the secrets and the last contact of one client. `root` is where /config is found, `/` outside tests."""
    subject = f"client {client.name}"
    if isinstance(client, MachineClient):
        yield secret_finding(
            subject, "key", _below(root, places.key_file(client.name)), "client setup", client.name, owner
        )
        yield _pins_finding(subject, client, _below(root, places.known_hosts_file(client.name)))
    passphrase = _below(root, places.passphrase_file(client.name))
    yield secret_finding(subject, "passphrase", passphrase, "client setup", client.name, owner)
    if history is None or history.last_success is None:
        yield warning(subject, "no archive yet", f"`borgpull run {client.name}`")
        return
    seen = ago(history.last_success.finished, now)
    if history.consecutive_failures:
        yield warning(subject, f"failing since then, last archive {seen}", history.last.message)
    else:
        yield fine(subject, f"last archive {seen}")


def _pins_finding(subject: str, client: MachineClient, file: Path) -> Finding:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    except OSError as error:
        sentence = f"its pinned host keys ({file}) cannot be read: {error.strerror}"
        return bad(subject, sentence, "does the supervisor run as root? Else check the owner of /config")
    pinned = {alias for line in lines for alias in line.partition(" ")[0].split(",")}
    strangers = [one.title for one in machines(client) if places.host_key_alias(client.name, one.hop) not in pinned]
    if not strangers:
        return fine(subject, "host key is pinned")
    sentence = f"no host key is pinned for {', '.join(strangers)}"
    return bad(subject, sentence, f"`borgpull client trust {client.name}`")


def secret_finding(subject: str, what: str, file: Path, verb: str, name: str, owner: Owner) -> Finding:
    """Look whether a secret is there, and is nobody else's to read."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return bad(subject, f"it has no {what} ({file})", f"`borgpull {verb} {name}` makes one; or bring yours back")
    except OSError as error:
        return bad(subject, f"its {what} ({file}) cannot be seen: {error.strerror}", "check the mount of /config")
    if found.st_mode & _OTHERS:
        mode = stat.filemode(found.st_mode)
        return bad(subject, f"others may read its {what} ({file}, {mode})", f"`chmod 600 {file}` in the supervisor")
    if found.st_uid != owner.uid and os.geteuid() == 0:
        sentence = f"its {what} ({file}) belongs to user {found.st_uid}, so a pull container cannot read it"
        return bad(subject, sentence, f"`chown {owner.uid}:{owner.gid} {file}` in the supervisor")
    return fine(subject, f"{what} is there, and private")


def _below(root: Path, place: os.PathLike[str]) -> Path:
    return root / Path(place).relative_to(places.CONFIG)
