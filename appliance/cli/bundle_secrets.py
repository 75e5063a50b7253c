"""Which secrets there are: all that a support archive must not hold, wherever the operator has put them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from appliance.cli.secrecy import REMOVED, in_command
from appliance.plan import escrow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from appliance.config.model import Appliance
    from appliance.plan.escrow import BundledFile

# Keys whose values may be told. What is not named here is taken for a secret, also a key that nobody knows.
TOLD = frozenset({
    "budget", "callback", "check", "compact_after", "compression", "connection_timeout", "daily", "data",
    "dedicated_key", "drill", "enabled", "encryption", "every", "exclude", "exclude_caches", "failing_after", "folder",
    "free_space", "fuse_device", "gateway", "host", "hourly", "jump", "keep", "keep_logs", "last", "listen",
    "listing",
    "log_format", "marker", "max_age", "max_change", "max_parallel", "max_shrink", "memory", "method", "monthly",
    "name", "names", "network", "notify_on", "offline", "on_failure", "paths", "port", "privileged", "protect", "quota",
    "reach", "read_all", "remind_after", "report", "repository", "schedule", "stall_timeout", "timeout", "timezone",
    "user", "volume", "wake", "wake_timeout", "wake_via", "weekly", "window", "within", "yearly", "dns",
})  # fmt: skip
_HIDDEN_ALREADY = frozenset({"notify", "healthchecks"})
_DOCKER_SECRETS = Path("/run/secrets")
_SECRET_FOLDERS = ("keys", "secrets", "gateway")
_SECRET_NAME = re.compile(r"(?i)pass|secret|token|key|auth|credential")
_KEY = re.compile(r"^\s*[\"']?([\w-]+)[\"']?\s*=")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)+)\"|'([^']+)'")
_NAMES_A_FILE = re.compile(r"secret:[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHORTEST_LEFT_OVER = 6


def secrets_of(
    files: Sequence[BundledFile], environment: Mapping[str, str], docker_secrets: Path = _DOCKER_SECRETS
) -> Iterator[str]:
    """Yield every secret of the files of the configuration, of Docker's, and of this process's environment."""
    for secret in docker_secrets.glob("**/*"):
        yield from _of_file(secret)
    for file in files:
        path = PurePosixPath(file.path).relative_to(escrow.CONFIG_FOLDER)
        text = file.content.decode("utf-8", "replace")
        if path.parts[0] in _SECRET_FOLDERS and path.suffix != ".pub":
            yield text
        elif path.suffix == ".toml":
            yield from _of_toml(text)
    for name, value in environment.items():
        if _SECRET_NAME.search(name):
            yield value
        if name.endswith("_FILE") and (name.startswith("BORGPULL_") or _SECRET_NAME.search(name)):
            yield from _of_file(Path(value))


def shown(table: Any, *, is_told: bool = True) -> Any:
    """Return a table of `config show` with nothing in it but what may be told; URLs are hidden in it already."""
    match table:
        case dict():
            return {
                key: shown(
                    inner, is_told=key in TOLD or key in _HIDDEN_ALREADY or (isinstance(inner, dict) and is_told)
                )
                for key, inner in table.items()
            }
        case list():
            return [shown(inner, is_told=is_told) for inner in table]
        case _:
            return table if is_told else REMOVED


def hosts_of(appliance: Appliance | None) -> Iterator[str]:
    """Yield the names and addresses of machines in the configuration."""
    for client in appliance.clients if appliance else ():
        yield str(getattr(client, "host", ""))
        for hop in getattr(client, "jump", ()):
            yield hop.host
        callback = getattr(client, "callback", None)
        yield callback.host if callback else ""
    yield appliance.settings.gateway.host if appliance and appliance.settings.gateway else ""


def untold(value: Any, *, is_told: bool = True) -> Iterator[str]:
    """Yield the texts that stand under keys which are not told."""
    match value:
        case str() if not is_told and len(value) >= _SHORTEST_LEFT_OVER and not _NAMES_A_FILE.fullmatch(value):
            yield from in_command(value)
        case dict():
            for key, inner in value.items():
                # The names of clients are no keys of ours.
                yield from untold(inner, is_told=key in TOLD or (isinstance(inner, dict) and is_told))
        case list():
            for inner in value:
                yield from untold(inner, is_told=is_told)
        case _:
            return


def _of_toml(text: str) -> Iterator[str]:
    try:
        yield from untold(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        # Nobody can say what is what, so all counts but what stands behind a key that is told.
        for line in text.splitlines():
            key = _KEY.match(line)
            if key is None or key[1] not in TOLD:
                for double, single in _QUOTED.findall(line):
                    yield from in_command(double or single)


def _of_file(file: Path) -> Iterator[str]:
    try:
        yield file.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return
