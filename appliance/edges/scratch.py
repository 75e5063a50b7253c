"""A repository that is thrown away, with a passphrase of its own: made for one container, gone with it."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.plan import places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.plan.run_plan import RunPlan

_PASSPHRASE_BYTES = 32


class Scratch:
    """Folders below `state`. `uid` and `gid` own what containers write; tests give their own."""

    def __init__(self, state: Path, *, uid: int = places.UID, gid: int = places.GID) -> None:
        self._state, self._uid, self._gid = state, uid, gid

    @contextmanager
    def lent(self, plan: RunPlan) -> Iterator[None]:
        """Keep the run's empty scratch folder for as long as the block lasts; raises StateError.

        What an earlier one of the client left goes too, so only who holds the client may ask for it.
        """
        folder = self._here(plan)
        try:
            self._sweep(folder.parent)
            self._make(folder)
        except OSError as error:
            raise StateError(f"{error.filename} cannot be made: {error.strerror}") from error
        try:
            yield
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _here(self, plan: RunPlan) -> Path:
        return self._state / places.scratch_folder(plan.client, plan.run_id).relative_to(places.STATE)

    def _sweep(self, folder: Path) -> None:
        for old in folder.glob("*.scratch"):
            shutil.rmtree(old, ignore_errors=True)

    def _make(self, folder: Path) -> None:
        folder.mkdir(mode=0o755, parents=True)
        for inside in places.SCRATCH_INSIDE:
            place = folder / inside.name
            if inside == places.PASSPHRASE:
                place.write_text(secrets.token_urlsafe(_PASSPHRASE_BYTES), encoding="ascii")
                place.chmod(0o600)
            else:
                place.mkdir(mode=0o700)
            os.chown(place, self._uid, self._gid)
