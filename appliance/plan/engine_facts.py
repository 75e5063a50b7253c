"""What the engine says of itself and of the container that asks, as values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

# Mounts as pull containers are given them came with this version of the API (Docker 17.06).
OLDEST_API = "1.30"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """The engine. `security` are its own words, such as `name=apparmor`; `now` is what its clock says, None: unknown.

    `trouble` says why it tells nothing of itself beyond its version (a socket proxy that refuses), empty when it does.
    """

    version: str = "unknown"
    api_version: str = "unknown"
    operating_system: str = ""
    kernel: str = ""
    architecture: str = ""
    storage: str = ""
    cgroup: str = ""
    security: tuple[str, ...] = ()
    now: datetime | None = None
    trouble: str = ""

    @property
    def is_too_old(self) -> bool:
        """Whether it lacks what every pull container needs."""
        return 0 < _number(self.api_version) < _number(OLDEST_API)

    def has(self, name: str) -> bool:
        """Whether it says so of its security: apparmor, selinux, seccomp, rootless, userns."""
        return any(option.partition(",")[0] == f"name={name}" for option in self.security)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMount:
    """What is mounted into the asking container: a folder or volume of the host."""

    target: str
    source: str
    kind: str
    writable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnContainer:
    """The container that asks. `environment` are names only: values may be secrets."""

    id: str = ""
    name: str = ""
    image: str = ""
    user: str = ""
    restart: str = ""
    network: str = ""
    security: tuple[str, ...] = ()
    mounts: tuple[OwnMount, ...] = field(default=())
    environment: tuple[str, ...] = ()


def _number(version: str) -> int:
    """Make versions of the API comparable; 0 for one that cannot be read."""
    found = re.fullmatch(r"(\d+)\.(\d+)", version)
    return int(found[1]) * 1000 + int(found[2]) if found else 0
