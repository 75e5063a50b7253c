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
    """The engine, as its answer about its version has it. `now` is what its clock says, None where it does not tell.

    Nothing more is asked for, since socket proxies let little through.
    """

    version: str = "unknown"
    api_version: str = "unknown"
    kernel: str = ""
    architecture: str = ""
    now: datetime | None = None

    @property
    def is_too_old(self) -> bool:
        """Whether it lacks what every pull container needs."""
        return 0 < _number(self.api_version) < _number(OLDEST_API)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMount:
    """What is mounted into the asking container: a folder or volume of the host."""

    target: str
    source: str
    kind: str
    writable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnContainer:
    """The container that asks. `environment` are names only: values may be secrets.

    `apparmor` is its profile, `selinux` its label, `storage` what its layers lie on; empty where there is none.
    """

    id: str = ""
    name: str = ""
    image: str = ""
    user: str = ""
    restart: str = ""
    network: str = ""
    storage: str = ""
    apparmor: str = ""
    selinux: str = ""
    security: tuple[str, ...] = ()
    mounts: tuple[OwnMount, ...] = field(default=())
    environment: tuple[str, ...] = ()


def _number(version: str) -> int:
    """Make versions of the API comparable; 0 for one that cannot be read."""
    found = re.fullmatch(r"(\d+)\.(\d+)", version)
    return int(found[1]) * 1000 + int(found[2]) if found else 0
