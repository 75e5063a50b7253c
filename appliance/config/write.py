"""An Appliance becomes TOML again: the effective values for `config show`, and a commented file for a new client."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import toml

from appliance.config.channels import ChannelUrl
from appliance.config.durations import format_duration
from appliance.config.frequency import Frequency
from appliance.config.keys import KEYS
from appliance.config.logins import Endpoint, Login
from appliance.config.model import Check, Hook, Keep, Stream
from appliance.config.schedule import Schedule
from appliance.config.window import Window

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from appliance.config.model import Appliance, Client

_HEADING = """\
# Client "{name}" of Borgpull. Changes count within seconds; `borgpull config check` says what is wrong.
# What is left out comes from [defaults] in borgpull.toml, then from Borgpull itself.
# Every key with its meaning: docs/reference/configuration.md

[clients.{name}]
"""
_COMMENTS = """
# schedule = "H H(1-4) * * *"   # when: cron, with H for a stable spread; or every = "6h"
# max_age = "36h"               # the last archive may be so old before the client is overdue
# compression = "zstd,3"
# exclude_caches = true         # leave out folders that hold a CACHEDIR.TAG
# quota = "500G"                # the repository may not grow larger
# enabled = false               # keep the archives, but make no new ones
"""
_HINTS = {
    **dict.fromkeys(("socat", "ssh-agent", "remote-forward"), ""),
    "sshfs": '# names = "client"              # how owners are named: client, chroot or numeric\n',
    "mount": '# marker = "/.mounted"          # a file that is there only while the share is mounted\n',
}
# What a whole machine has that is no data. A client's own file may say otherwise.
_MACHINE: dict[str, object] = {"paths": ["/"], "exclude": ["/proc", "/sys", "/dev", "/run", "/tmp", "sh:**/.cache"]}  # noqa: S108 - patterns
_START: dict[str, dict[str, object]] = {
    **dict.fromkeys(("sshfs", "socat", "ssh-agent", "remote-forward"), _MACHINE),
    "mount": {},
}


def to_toml(appliance: Appliance) -> str:
    """Write every effective value; reading it gives an equal Appliance, though one that is blank no more."""
    settings = {"appliance": _plain(dict(appliance.settings))}
    # One dump for each client, so that its `keep` stands below it and not below all of them.
    clients = ({"clients": {client.name: _client_table(client)}} for client in appliance.clients)
    return "\n".join(toml.dumps(table, encoder=_Encoder()) for table in (settings, *clients))


@dataclass(frozen=True, slots=True, kw_only=True)
class Remarks:
    """What a new client's file says beside its values: above all of them, above a key, behind an entry of a list."""

    heading: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, str] = field(default_factory=dict)


_NO_REMARKS = Remarks()


def client_file(
    name: str, values: Mapping[str, Any], inherited: Collection[str] = (), remarks: Remarks = _NO_REMARKS
) -> str:
    """Write the file of a new client: `values` as the configuration has them, and comments on what else there is.

    A machine reached by sshfs starts with the whole of it, less what is no data, unless `values` say what to read;
    the keys in `inherited` come from `[defaults]` and are left to them.
    """
    method = values.get("method", "sshfs")
    start = {key: value for key, value in _START[method].items() if key not in inherited}
    if "paths" in values:
        start = {}
    lines = "".join(_remarked(key, value, remarks) for key, value in {**start, **values}.items())
    above, table = _HEADING.format(name=name).split("\n\n", 1)
    heading = "\n".join([above, *(_comment(line) for line in remarks.heading)])
    return f"{heading}\n\n{table}{lines}{_COMMENTS}{_HINTS[method]}"


class _Encoder(toml.TomlEncoder):  # type: ignore[type-arg]
    """Writes strings by JSON's rules, which TOML shares, since the library's own mangle a backslash before an x."""

    def __init__(self) -> None:
        super().__init__()
        self.dump_funcs[str] = _quoted

    def dump_list(self, v: Any) -> str:
        """Write a list as people do, without a comma at its end."""
        return f"[{', '.join(str(self.dump_value(entry)) for entry in v)}]"


def _remarked(key: str, value: object, remarks: Remarks) -> str:
    above = f"{_comment(remarks.keys[key])}\n" if key in remarks.keys else ""
    if not isinstance(value, list) or not remarks.entries.keys() & set(value):
        return above + _line(key, value)
    entries = [f"{_quoted(entry)}," for entry in value]
    width = max(len(entry) for entry in entries)
    reasons = (_comment(remarks.entries[entry]) if entry in remarks.entries else "" for entry in value)
    lines = (f"    {entry:{width}}  {reason}".rstrip() for entry, reason in zip(entries, reasons, strict=True))
    return "\n".join([f"{above}{key} = [", *lines, "]\n"])


def _comment(text: str) -> str:
    # A client's text may be in it: nothing may end the line, or the file would say what a client wants.
    return f"# {''.join(character if character.isprintable() else '?' for character in text)}"


def _line(key: str, value: object) -> str:
    """Write one key on one line, a table too, since whatever follows a table's heading would belong to it."""
    if isinstance(value, dict):
        inside = ", ".join(_line(inner, entry).strip() for inner, entry in value.items())
        return f"{key} = {{ {inside} }}\n"
    return toml.dumps({key: value}, encoder=_Encoder())


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _client_table(client: Client) -> dict[str, Any]:
    fields = {key: value for key, value in client if key in KEYS[client.method]}
    if client.schedule.interval is not None:
        del fields["schedule"]
        fields["every"] = client.schedule.interval
    return _plain(fields)


def _plain(fields: Mapping[str, object]) -> dict[str, Any]:
    return {key: _value(value) for key, value in fields.items() if value is not None}


def _value(value: object) -> object:
    match value:
        case timedelta():
            return format_duration(value)
        case tuple():
            return [_value(entry) for entry in value]
        case Check() | Hook() | Keep() | Stream():
            return _plain(dict(value))
        case Login() | Endpoint() | StrEnum() | ZoneInfo() | PurePosixPath() | ChannelUrl() | Schedule() | Window():
            return str(value)
        case Frequency():
            return str(value)
        case _:
            return value
