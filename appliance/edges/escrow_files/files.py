"""The files of the appliance as the escrow needs them: gathered, compared, put back, and lent to one container."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.edges.escrow_files.lending import lent, sweep
from appliance.edges.escrow_files.writing import Owner, give, write
from appliance.errors import StateError
from appliance.plan import escrow, places
from appliance.plan.container import lent_file, plan_file
from appliance.plan.escrow import BundledFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import PurePosixPath

    from appliance.plan.run_plan import RunPlan

_LOG = logging.getLogger(__name__)
# A configuration is text: what is larger got there by mistake, and would go into each bundle.
_LARGEST = 4 << 20
# Ten times what a thousand clients have; a link to somewhere else must not lead through all of a disk.
_MOST = 100_000
# What editors leave, and bundles: one that holds the one before would grow for ever.
_NO_PART_OF_IT = ("~", ".swp", ".new", ".tmp", ".gpg", escrow.INCOMPLETE)
_SIDE_FILES = ("-wal", "-shm")


class EscrowFiles:
    """Files below `config` and `state`. `uid` and `gid` own what containers read; tests give their own."""

    def __init__(
        self,
        *,
        config: Path = Path(places.CONFIG),
        state: Path = Path(places.STATE),
        uid: int = places.UID,
        gid: int = places.GID,
    ) -> None:
        self._folders = {escrow.CONFIG_FOLDER: config, "state": state}
        self._config = config
        self._state = state
        self._owner = Owner(uid, gid)

    def gather(self) -> tuple[BundledFile, ...]:
        """Return everything that belongs to the configuration; raises StateError when a file cannot be read."""
        try:
            return tuple(
                BundledFile(
                    path=f"{escrow.CONFIG_FOLDER}/{path.relative_to(self._config).as_posix()}",
                    content=path.read_bytes(),
                    mode=path.stat().st_mode & 0o777,
                )
                for path in self._listed()
            )
        except OSError as error:
            raise StateError(f"{error.filename} cannot be read: {error.strerror}") from error

    def fingerprint(self) -> str:
        """Return what changes with any file of the configuration; raises StateError when one cannot be read."""
        return escrow.fingerprint(self.gather())

    def in_the_way(self, files: Sequence[BundledFile]) -> tuple[Path, ...]:
        """Return the files that `put` would replace by something else."""
        return tuple(place for file in files if (place := self._place(file)).exists() and not _holds(place, file))

    def put(self, files: Sequence[BundledFile]) -> None:
        """Write each file to its place; raises StateError, and what was written by then stays."""
        for file in files:
            place = self._place(file)
            try:
                self._make_folder(place.parent)
                write(place, file.content, file.mode, self._owner)
                for side in _SIDE_FILES:
                    # SQLite's own, of the journal that stood there: with another one they would be poison.
                    place.with_name(place.name + side).unlink(missing_ok=True)
            except OSError as error:
                raise StateError(f"{place} cannot be written: {error.strerror}") from error

    def lent(self, plan: RunPlan, *, passphrase: bytes, key: bytes) -> AbstractContextManager[None]:
        """Lay the plan and both secrets ready for one container, for as long as the block lasts. Raises StateError."""
        contents = {
            plan_file(plan): plan.to_json().encode(),
            lent_file(plan, places.PASSPHRASE): passphrase,
            lent_file(plan, places.EXPORTED_KEY): key,
        }
        written = {self._here(place): content for place, content in contents.items()}
        return lent(self._here(places.run_folder(plan.client)), written, self._owner)

    def sweep(self) -> None:
        """Remove the secrets of every look that was killed, and not those of one at work; what cannot be is logged."""
        for folder in self._here(places.run_folder("any")).parent.glob("*/"):
            try:
                sweep(folder)
            except OSError as error:
                _LOG.warning(
                    "%s cannot be removed (%s): secrets that a killed `borgpull escrow --check` left may be in %s; "
                    "delete what is called escrow-check-* there",
                    error.filename,
                    error.strerror,
                    folder,
                )

    def _listed(self) -> list[Path]:
        def refuse(error: OSError) -> None:
            raise error

        found: list[Path] = []
        for folder, names, files in os.walk(self._config, onerror=refuse, followlinks=True):
            names[:] = sorted(name for name in names if not self._leads_back(Path(folder, name)))
            found += [Path(folder, name) for name in files if not _is_passing(name)]
            if len(found) > _MOST:
                raise StateError(
                    f"{folder} and what was before it are too many files for a configuration; move it away"
                )
        regular = [path for path in sorted(found) if path.is_file()]
        for path in regular:
            if path.stat().st_size > _LARGEST:
                raise StateError(f"{path} is too large for a part of a configuration; move it to another folder")
        return regular

    def _leads_back(self, folder: Path) -> bool:
        """Whether it is a link to a folder that it lies in, and so to what is gathered already."""
        if not folder.is_symlink():
            return False
        target, root = folder.resolve(), self._config.resolve()
        if target != root and root.is_relative_to(target):
            raise StateError(f"{folder} is a link to {target}, in which the configuration itself lies; remove it")
        return any(parent.resolve() == target for parent in folder.parents if parent.is_relative_to(self._config))

    def _place(self, file: BundledFile) -> Path:
        top, _, rest = file.path.partition("/")
        # The bundle is the operator's own; a path that leads out of it is a damaged one all the same.
        if top not in self._folders or not rest or any(part in ("", ".", "..") for part in rest.split("/")):
            raise StateError(f"the bundle holds a file that has no place here: {file.path}")
        return self._folders[top] / rest

    def _here(self, place: PurePosixPath) -> Path:
        return self._state / place.relative_to(places.STATE)

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(mode=0o700)
        give(folder, self._owner)


def _is_passing(name: str) -> bool:
    return name.endswith(_NO_PART_OF_IT) or name.startswith((escrow.FILE_PREFIX, ".nfs"))


def _holds(place: Path, file: BundledFile) -> bool:
    try:
        return place.read_bytes() == file.content
    except OSError:
        return False
