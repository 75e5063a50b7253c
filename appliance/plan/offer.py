"""What a client offers, as it was seen before anything was decided: a frozen value, every text in it the client's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# The question for it.
LOOK = "look"
# What is looked for on a client: what counts for paths and for what is left out of them.
PLACES = (
    "/etc/synoinfo.conf",
    "/usr/bin/midclt",
    "/mnt/user",
    "/boot/config/ident.cfg",
    "/home",
    "/srv",
    "/root",
    "/var/www",
    "/tmp",  # noqa: S108 - looked for on a client, and never used here
    "/var/tmp",  # noqa: S108
    "/var/cache",
    "/swapfile",
    "/swap.img",
    "/.snapshots",
    "/timeshift",
    "/var/lib/docker/volumes",
    "/var/lib/docker/overlay2",
    "/var/lib/docker/fuse-overlayfs",
    "/var/lib/docker/buildkit",
    "/var/lib/containerd",
    "/var/lib/containers/storage/overlay",
)
DOCKER_VOLUMES = "/var/lib/docker/volumes"
# Only root and its readers can open it, on every Linux that has it.
ROOTS_OWN = "/etc/shadow"
TOOLS = ("borg", "socat", "nc", "python3", "perl", "ssh", "sudo", "setcap")

_ESCAPED = re.compile(r"\\([0-7]{3})")
_MOUNT_FIELDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MountPoint:
    """A file system where the client has mounted it. `size` and `used` are bytes, None where nobody said."""

    point: str
    source: str
    kind: str
    size: int | None = None
    used: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A client as a look found it.

    `sftp_trouble` says why there is no SFTP ("" where there is), `commands` whether the key runs any.
    `borg` is what Borg says of its version, "" where none was asked, `borg_trouble` why it will not do.
    `reads_all` is None where that could not be told. `present` are those of PLACES, `tools` of TOOLS that are there.
    """

    server: str
    sftp_trouble: str
    commands: bool
    system: str = ""
    uid: int | None = None
    home: str = ""
    reads_all: bool | None = None
    borg: str = ""
    borg_trouble: str = ""
    tools: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    mounts: tuple[MountPoint, ...] = ()
    volumes: tuple[str, ...] = ()
    swaps: tuple[str, ...] = ()

    @property
    def has_sftp(self) -> bool:
        """Whether files can be read by SFTP."""
        return not self.sftp_trouble

    def to_json(self) -> dict[str, Any]:
        """Give it to programs, and to the supervisor's side."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        mounts = [{name: getattr(one, name) for name in one.__slots__} for one in self.mounts]
        sets = {name: sorted(fields[name]) for name in ("tools", "present")}
        return fields | sets | {"mounts": mounts, "volumes": list(self.volumes), "swaps": list(self.swaps)}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Offer:
        """Read what `to_json` gave."""
        return cls(
            **{
                **told,
                "tools": frozenset(told["tools"]),
                "present": frozenset(told["present"]),
                "mounts": tuple(MountPoint(**one) for one in told["mounts"]),
                "volumes": tuple(told["volumes"]),
                "swaps": tuple(told["swaps"]),
            }
        )


def read_mounts(text: str) -> tuple[MountPoint, ...]:
    """Read what Linux says in /proc/mounts; of several on one point the last one, which is the one in sight."""
    found: dict[str, MountPoint] = {}
    for line in text.splitlines():
        fields = line.split(" ")
        if len(fields) < _MOUNT_FIELDS:
            continue
        source, point, kind = (_plain(field) for field in fields[:_MOUNT_FIELDS])
        if point.startswith("/"):
            found[point] = MountPoint(point=point, source=source, kind=kind)
    return tuple(found[point] for point in sorted(found))


def _plain(field: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), field)
