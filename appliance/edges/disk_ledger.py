"""The sealed copy of the ledger beside the repositories: written after a good run, read by a restore of the escrow."""

from __future__ import annotations

import hmac
import json
import os
import secrets
import threading
from contextlib import suppress
from pathlib import Path

from appliance.errors import StateError
from appliance.plan import places
from appliance.plan.disk_ledger import KEY, DiskLedger, copy_place

_KEY_BYTES = 32


class DiskLedgers:
    """Files of root below `repositories`; no container is given that folder. Every method raises StateError."""

    def __init__(self, *, config: Path = Path(places.CONFIG), repositories: Path = Path(places.REPOSITORIES)) -> None:
        self._config = config
        self._repositories = repositories
        self._making = threading.Lock()

    def keep(self, ledger: DiskLedger) -> None:
        """Write the copy anew, whole or not at all."""
        text = ledger.to_json()
        sealed = json.dumps({"ledger": text, "seal": _seal(self._key(), text)})
        _write(self._place(ledger.client), sealed.encode())

    def read(self, client: str) -> DiskLedger | None:
        """Return the copy; None when there is none. A copy that is not of this appliance's own making is trouble."""
        place = self._place(client)
        try:
            found = json.loads(place.read_text("utf-8"))
            text, seal = str(found["ledger"]), str(found["seal"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StateError(f"the ledger {place} cannot be read: {error}") from error
        if not self._key_file.is_file() or not hmac.compare_digest(seal, _seal(self._key(), text)):
            raise StateError(f"the ledger {place} is not sealed with this appliance's key, so nothing of it counts")
        ledger = DiskLedger.from_json(text)
        if ledger.client != client:
            raise StateError(f"the ledger {place} is that of {ledger.client}")
        return ledger

    @property
    def _key_file(self) -> Path:
        return self._config / KEY.relative_to(places.CONFIG)

    def _place(self, client: str) -> Path:
        return self._repositories / copy_place(client).relative_to(places.REPOSITORIES)

    def _key(self) -> bytes:
        """Return the key, which is made once; a lost one is no loss but that of the copies."""
        # The first runs of several clients may end at the same time.
        with self._making:
            if not self._key_file.is_file():
                _write(self._key_file, secrets.token_hex(_KEY_BYTES).encode() + b"\n")
        try:
            return self._key_file.read_bytes().strip()
        except OSError as error:
            raise StateError(f"{self._key_file} cannot be read: {error.strerror}") from error


def _seal(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()


def _write(place: Path, content: bytes) -> None:
    fresh = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(place)
    except OSError as error:
        raise StateError(f"{place} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
