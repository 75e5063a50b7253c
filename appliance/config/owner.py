"""Whose files the appliance makes, from PUID, PGID and UMASK: the one unprivileged user of every container."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Higher ones are nobody's: the kernel takes the last for "leave it as it is", old file systems end before.
_HIGHEST = 2**31 - 2
_KINDS = {"PUID": "user", "PGID": "group"}
_OWNERS_BITS = 0o700
_WRITERS_BITS = 0o022


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Owner of repositories, caches, keys and secrets; ssh, sshfs and Borg run as it. `umask` is Borg's, four octals.

    The defaults are the image's own user.
    """

    uid: int = 1000
    gid: int = 1000
    umask: str = "0077"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Owner:
        """Read PUID, PGID and UMASK; unset or empty is the default. Raises ConfigError with every problem."""
        given = {name: environment.get(name, "").strip() for name in ("PUID", "PGID", "UMASK")}
        problems = [*_wrong_ids(given), *_wrong_umask(given["UMASK"])]
        if problems:
            raise ConfigError(problems)
        default = cls()
        return cls(
            uid=int(given["PUID"] or default.uid),
            gid=int(given["PGID"] or default.gid),
            umask=f"{int(given['UMASK'] or default.umask, 8):04o}",
        )

    def ids(self) -> dict[str, int]:
        """Return both numbers as what edges that make files take."""
        return {"uid": self.uid, "gid": self.gid}


IMAGES_OWN = Owner()


def _wrong_ids(given: Mapping[str, str]) -> Iterator[Problem]:
    for name in ("PUID", "PGID"):
        text = given[name]
        if text and not (re.fullmatch(r"[0-9]{1,10}", text) and 0 < int(text) <= _HIGHEST):
            sentence = (
                f'"{text}" cannot own the backups: write the number of an ordinary {_KINDS[name]} (`id` tells it), '
                "never 0, since what reads the clients' bytes runs as it"
            )
            yield Problem("environment", name, sentence)


def _wrong_umask(text: str) -> Iterator[Problem]:
    if not text:
        return
    bits = int(text, 8) if re.fullmatch(r"0?[0-7]{3}", text) else None
    if bits is None or bits & _OWNERS_BITS or bits & _WRITERS_BITS != _WRITERS_BITS:
        sentence = (
            f'"{text}" is no mask for repositories: write 077 (nobody else reads them), 027 (the group may) or 022 '
            "(everybody may); nobody but the owner may ever write them"
        )
        yield Problem("environment", "UMASK", sentence)
