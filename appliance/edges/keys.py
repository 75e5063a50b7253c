"""The secrets folder of the operator: key pairs, passphrases and pinned host keys of the clients."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from appliance.errors import StateError
from appliance.plan import places
from appliance.plan.places import restore_mark

if TYPE_CHECKING:
    from pathlib import PurePosixPath

# 32 random bytes are 43 letters: as strong as the repository's own key.
PASSPHRASE_BYTES = 32
_OTHERS = 0o077
_HOST_KEY_FIELDS = 3


class KeyStore:
    """Files below `config`. `uid` and `gid` own what pull containers read; tests give their own.

    Whatever secret is there stays as it is: a lost passphrase is a lost repository. Raises StateError.
    """

    def __init__(self, config: Path = Path(places.CONFIG), *, uid: int = places.UID, gid: int = places.GID) -> None:
        self._config = config
        self._uid = uid
        self._gid = gid

    def create(self, client: str) -> None:
        """Make the key pair and the passphrase that are not there yet."""
        self._make_pair(self._here(places.key_file(client)), f"borgpull-{client}")
        passphrase = self._here(places.passphrase_file(client))
        if not passphrase.exists():
            self._write(passphrase, f"{secrets.token_urlsafe(PASSPHRASE_BYTES)}\n".encode())

    def create_agent_key(self, client: str) -> None:
        """Make the key that the client has for good for its way back, if it is not there yet."""
        self._make_key(self._here(places.agent_key_file(client)))

    def create_restore_key(self, client: str) -> None:
        """Make the key pair that may write on the client while it is let in there, if it is not there yet."""
        self._make_pair(self._here(places.restore_key_file(client)), restore_mark(client))

    def is_known(self, client: str) -> bool:
        """Whether there is a key, a passphrase or a pinned host key of the client."""
        return any(place.exists() for place in self._all_of(client))

    def forget(self, client: str) -> None:
        """Remove all that was made for a client that never came to be; its passphrase too, so never for another."""
        try:
            for place in self._all_of(client):
                if place.is_dir():
                    shutil.rmtree(place)
                else:
                    place.unlink(missing_ok=True)
        except OSError as error:
            raise StateError(f"{error.filename} cannot be removed: {error.strerror}") from error

    def public_key(self, client: str) -> str:
        """Return the public key's line; raises StateError when there is no key pair."""
        return self._public(client, places.key_file(client))

    def restore_public_key(self, client: str) -> str:
        """Return the line of the restore key's public half; raises StateError when there is no such key pair."""
        return self._public(client, places.restore_key_file(client))

    def _public(self, client: str, key: PurePosixPath) -> str:
        public = _beside(self._here(key))
        try:
            return public.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise StateError(
                f"{client} has no key pair ({public}: {error.strerror}); `borgpull client add {client}` makes one"
            ) from error

    def pinned(self, client: str, hop: int = 0) -> tuple[str, ...]:
        """Return the pinned host keys, each `type base64`; none when nothing is pinned. `hop` 0 is the client."""
        alias = places.host_key_alias(client, hop)
        found = (fields for fields in self._pins(client) if alias in fields[0].split(","))
        return tuple(" ".join(fields[1:_HOST_KEY_FIELDS]) for fields in found)

    def pin(self, client: str, host_keys: tuple[str, ...], hop: int = 0) -> None:
        """Pin exactly these host keys, each `type base64`, for the client or for a hop on the way to it."""
        alias = places.host_key_alias(client, hop)
        others = ((set(fields[0].split(",")) - {alias}, fields[1:]) for fields in self._pins(client))
        kept = [f"{','.join(sorted(hosts))} {' '.join(rest)}\n" for hosts, rest in others if hosts]
        lines = [f"{alias} {' '.join(key.split()[:2])}\n" for key in host_keys]
        self._write(self._here(places.known_hosts_file(client)), "".join([*kept, *lines]).encode(), mode=0o644)

    def problems(self, client: str) -> tuple[str, ...]:
        """Return a sentence for each secret of the client that is missing or that others may read."""
        found = []
        wanted = [self._here(places.key_file(client)), self._here(places.passphrase_file(client))]
        # Clients of an earlier version have none until somebody wants to restore.
        maybe = self._here(places.restore_key_file(client))
        for file in (*wanted, *((maybe,) if maybe.exists() else ())):
            try:
                mode = file.stat().st_mode & 0o777
            except OSError as error:
                found.append(f"{file}: {error.strerror}; `borgpull client add {client}` makes what is missing")
                continue
            if mode & _OTHERS:
                found.append(f"{file} may be read by others (mode {mode:04o}); `chmod 600 {file}`")
        return tuple(found)

    def _pins(self, client: str) -> list[list[str]]:
        file = self._here(places.known_hosts_file(client))
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StateError(f"{file} cannot be read: {error.strerror}") from error
        return [_whole(file, line.split()) for line in lines if line.strip() and not line.startswith("#")]

    def _all_of(self, client: str) -> tuple[Path, ...]:
        folders = (places.key_file(client).parent, places.passphrase_file(client).parent)
        return tuple(self._here(place) for place in (*folders, places.known_hosts_file(client)))

    def _here(self, place: PurePosixPath) -> Path:
        return self._config / place.relative_to(places.CONFIG)

    def _make_pair(self, key: Path, comment: str) -> None:
        self._make_key(key)
        public = _beside(key)
        if not public.exists():
            self._write(public, f"{self._derived(key)} {comment}\n".encode(), mode=0o644)

    def _make_key(self, key: Path) -> None:
        if not key.exists():
            pair = Ed25519PrivateKey.generate()
            self._write(key, pair.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))

    def _derived(self, key: Path) -> str:
        # From the private key, so that a crash between the two files is mended by the next call.
        try:
            pair = load_ssh_private_key(key.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise StateError(f"{key} is no private key that can be read: {error}") from error
        return pair.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")

    def _write(self, file: Path, content: bytes, *, mode: int = 0o600) -> None:
        """Write the whole file or nothing, never readable by others for a moment in between."""
        fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        try:
            self._make_folder(file.parent)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fchmod(descriptor, mode)
                    self._give(fresh)
                    os.fsync(descriptor)
                fresh.replace(file)
            finally:
                fresh.unlink(missing_ok=True)
            _persist(file.parent)
        except OSError as error:
            raise StateError(f"{file} cannot be written: {error.strerror}; is /config mounted writable?") from error

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        if folder.parent != self._config:
            self._make_folder(folder.parent)
        folder.mkdir(mode=0o700, parents=True)
        self._give(folder)

    def _give(self, path: Path) -> None:
        state = path.stat()
        if (state.st_uid, state.st_gid) != (self._uid, self._gid):
            os.chown(path, self._uid, self._gid)


def _beside(key: Path) -> Path:
    return key.with_name(f"{key.name}.pub")


def _whole(file: Path, fields: list[str]) -> list[str]:
    if len(fields) < _HOST_KEY_FIELDS:
        raise StateError(f"{file} holds a line that is no host key: {' '.join(fields)!r}")
    return fields


def _persist(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
