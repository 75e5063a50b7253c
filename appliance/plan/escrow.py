"""The escrow as values: what is in the bundle, what the appliance remembers of it, and when it is out of date."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from appliance.errors import BorgpullError
from appliance.plan import places
from appliance.plan.run_plan import KnownArchive

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FORMAT = 1
# How the bundle's files are called; everything else lies below one of the two folders.
README = "README.txt"
MANIFEST = "manifest.json"
CONFIG_FOLDER = "config"
JOURNAL = f"state/{places.JOURNAL.name}"
# The journal's word for the newest bundle: EscrowFact as JSON.
FACT = "escrow"
# When the newest bundle was last proven for every client, in ISO form.
PROVEN = "escrow_proven"
# Since when the newest bundle has been out of date, in ISO form; empty while it is not.
OUTDATED_SINCE = "escrow_outdated_since"
# The name that a bundle has unless another is given; such a file in /config is never put into the next bundle.
FILE_PREFIX = "borgpull-escrow-"
# What the name of a bundle that lacks keys ends with, where a file of the wanted name stands already.
INCOMPLETE = ".incomplete"
LEAST_PASSPHRASE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledFile:
    """One file of the bundle: its path in there, its content, and its permission bits."""

    path: str
    content: bytes
    mode: int = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class EscrowedClient:
    """What the bundle says of one client. `repository_id` is None where the client never had a good run.

    `key` is the bundle's file with the exported key, "" where there is none; `trouble` then says why, unless there was
    no repository to have one.
    """

    name: str
    repository_id: str | None = None
    key: str = ""
    trouble: str = ""
    archives: tuple[KnownArchive, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a bundle is: when it was made, by which appliance, and what it knows of each client."""

    made: datetime
    appliance_id: str
    version: str
    clients: tuple[EscrowedClient, ...]

    def to_json(self) -> str:
        """Write it for the bundle."""
        return json.dumps({"format": FORMAT, **asdict(self), "made": self.made.isoformat()}, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read it back; raises BorgpullError when it is not one, or one of a later format."""
        try:
            found = json.loads(text)
            if found["format"] != FORMAT:
                raise BorgpullError(
                    f"this bundle has format {found['format']}, this Borgpull knows {FORMAT}; update it"
                )
            return cls(
                made=datetime.fromisoformat(found["made"]),
                appliance_id=found["appliance_id"],
                version=found["version"],
                clients=tuple(_client(entry) for entry in found["clients"]),
            )
        except (ValueError, TypeError, KeyError) as error:
            raise BorgpullError(f"this is no bundle of `borgpull escrow` (its {MANIFEST}: {error})") from error


def _client(entry: Mapping[str, object]) -> EscrowedClient:
    archives = entry["archives"]
    if not isinstance(archives, list):
        raise TypeError("archives is no list")
    return EscrowedClient(**{**entry, "archives": tuple(KnownArchive(**one) for one in archives)})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class EscrowFact:
    """What the journal remembers of the newest bundle. `fingerprint` is that of the configuration folder then.

    `repositories` are the ids of the repositories whose keys are in it, by client.
    """

    made: datetime
    fingerprint: str
    repositories: Mapping[str, str]

    def to_json(self) -> str:
        """Write it for the journal."""
        return json.dumps({**asdict(self), "made": self.made.isoformat()})

    @classmethod
    def from_json(cls, text: str | None) -> EscrowFact | None:
        """Read it back; None where there never was a bundle."""
        if not text:
            return None
        found = json.loads(text)
        return cls(**{**found, "made": datetime.fromisoformat(found["made"])})


def fingerprint(files: Sequence[BundledFile]) -> str:
    """Return the digest of names and contents. Keys are among them, so it tells nothing of a passphrase."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda one: one.path):
        digest.update(f"{file.path}\0{len(file.content)}\0".encode("utf-8", "surrogateescape"))
        digest.update(file.content)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """The newest bundle lacks something: when it was made, since when that is so, and what (half a sentence)."""

    made: datetime
    since: datetime
    why: str


def facts_elsewhere(fact: EscrowFact) -> dict[str, str]:
    """Return what the bundle's journal knows besides: it is the newest escrow, and nothing may start by itself.

    Whoever puts it on another machine, by command or by hand, should look first: the old one may be alive.
    """
    return {
        FACT: fact.to_json(),
        "paused": fact.made.isoformat(),
        "paused_reason": f"this is the journal of the escrow of {fact.made:%Y-%m-%d}; look before you resume",
    }


def why_outdated(fact: EscrowFact, fingerprint: str, good_clients: Iterable[str]) -> str:
    """Say in half a sentence what the newest bundle lacks; "" when it lacks nothing.

    `good_clients` have had a good run, and so have a repository. An empty fingerprint means that nobody knows.
    """
    missing = sorted(set(good_clients) - fact.repositories.keys())
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        return f"the key of {missing[0]}'s repository{more} is not in it"
    if fingerprint and fingerprint != fact.fingerprint:
        return "configuration, keys or secrets have changed since"
    return ""


def key_path(client: str) -> str:
    """Name the bundle's file with the exported key of a client's repository."""
    return f"borg-keys/{client}"


def passphrase_path(client: str) -> str:
    """Name the bundle's file with the passphrase of a client's repository."""
    return in_bundle(places.passphrase_file(client))


def in_bundle(place: PurePosixPath) -> str:
    """Name the bundle's file for a file of the configuration folder."""
    return f"{CONFIG_FOLDER}/{place.relative_to(places.CONFIG)}"


def texts(files: Sequence[BundledFile]) -> dict[str, str]:
    """Return the TOML files of the bundle, by their names in the configuration folder."""
    found = {PurePosixPath(file.path): file.content for file in files if file.path.endswith(".toml")}
    return {
        path.relative_to(CONFIG_FOLDER).as_posix(): content.decode("utf-8-sig", "replace")
        for path, content in found.items()
        if path.parent.as_posix() in (CONFIG_FOLDER, f"{CONFIG_FOLDER}/clients.d") and not path.name.startswith(".")
    }
