"""The folders of the appliance: looks at them before a run, and makes what a pull container will be given."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.borg import locks
from appliance.errors import StateError
from appliance.plan import places
from appliance.plan.container import plan_file
from appliance.plan.gates import Refusal
from appliance.plan.launch_gates import Ground
from appliance.plan.observed import Room
from appliance.record import Operation, Reason

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from appliance.plan.run_plan import RunPlan

MARKER = ".borgpull-volume"
_REASONS = {
    errno.EROFS: Reason.READ_ONLY,
    errno.ENOSPC: Reason.NO_SPACE,
    errno.EDQUOT: Reason.QUOTA,
}


class Volumes:
    """The port over the disk. `uid` and `gid` own what pull containers read and write; tests give their own."""

    def __init__(
        self,
        *,
        config: Path = Path(places.CONFIG),
        state: Path = Path(places.STATE),
        repositories: Path = Path(places.REPOSITORIES),
        uid: int = places.UID,
        gid: int = places.GID,
    ) -> None:
        self._roots = ((places.CONFIG, config), (places.STATE, state), (places.REPOSITORIES, repositories))
        self._repositories = repositories
        self._uid = uid
        self._gid = gid
        self._marking = threading.Lock()

    def room(self) -> Room:
        """Return how full the volume of the repositories is; raises StateError when it cannot be looked at."""
        try:
            volume = os.statvfs(self._repositories)
        except OSError as error:
            raise StateError(f"{places.REPOSITORIES} cannot be looked at: {error.strerror}") from error
        return Room(free=volume.f_bavail * volume.f_frsize, size=volume.f_blocks * volume.f_frsize)

    def survey(self, client: str) -> Ground:
        """Look at what stands on the volumes, and change nothing; raises StateError when it cannot look."""
        try:
            pinned = _pinned_aliases(self._here(places.known_hosts_file(client)))
            volume = os.statvfs(self._repositories)
            return Ground(
                free_space=volume.f_bavail * volume.f_frsize,
                read_only=bool(volume.f_flag & os.ST_RDONLY),
                marker=self._marker(),
                has_repository=(self._here(places.repository_folder(client)) / "config").is_file(),
                has_key=_holds_something(self._here(places.key_file(client))),
                has_agent_key=_holds_something(self._here(places.agent_key_file(client))),
                has_known_hosts=places.host_key_alias(client) in pinned,
                has_passphrase=_holds_something(self._here(places.passphrase_file(client))),
                pinned=frozenset(pinned),
            )
        except OSError as error:
            raise StateError(f"{error.filename or self._repositories} cannot be read: {error.strerror}") from error

    def prepare(self, plan: RunPlan) -> Refusal | None:
        """Make the client's folders, the marker if it is missing, and write the plan; or say why it cannot be done."""
        try:
            self._own_folder(self._here(places.repository_folder(plan.client)), 0o777 & ~int(plan.umask, 8))
            self._own_folder(self._here(places.cache_folder(plan.client)), 0o700)
            self._own_file(self._here(places.key_file(plan.machine)), 0o600)
            self._own_file(self._here(places.agent_key_file(plan.client)), 0o600)
            self._own_file(self._here(places.restore_key_file(plan.machine)), 0o600)
            self._own_file(self._here(places.passphrase_file(plan.client)), 0o600)
            self._own_file(self._here(places.known_hosts_file(plan.machine)), 0o644)
            if plan.operation == Operation.CREATE:
                self._mark(plan.appliance_id)
            written = self._here(plan_file(plan))
            written.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            _write(written, plan.to_json())
        except OSError as error:
            place = error.filename or self._repositories
            sentence = f"{place} cannot be prepared for {plan.client}: {error.strerror}."
            return Refusal(reason=_REASONS.get(error.errno or 0, Reason.REPOSITORY), sentence=sentence)
        return None

    def mark(self, appliance_id: str) -> None:
        """Leave the marker where there is none, so that the volume is known again; raises StateError."""
        try:
            self._mark(appliance_id)
        except OSError as error:
            raise StateError(f"{error.filename} cannot be written: {error.strerror}") from error

    def release(self, client: str, run_id: str) -> None:
        """Remove the locks that this run left in the repository and in Borg's cache; raises StateError.

        Only what carries this run's own name goes. A roster that names others too is left to the next run.
        """
        repository, caches = places.repository_folder(client), places.cache_folder(client) / ".cache" / "borg"
        try:
            for folder in (self._here(repository), *self._here(caches).glob("*/")):
                _release(folder, run_id)
        except OSError as error:
            raise StateError(f"{error.filename} cannot be removed: {error.strerror}") from error

    def _here(self, place: PurePosixPath) -> Path:
        for root, folder in self._roots:
            if place.is_relative_to(root):
                return folder / place.relative_to(root)
        raise ValueError(f"{place} is on no volume of the appliance")

    def _marker(self) -> str | None:
        try:
            return (self._repositories / MARKER).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None

    def _mark(self, appliance_id: str) -> None:
        # The first runs of several clients prepare at the same time, each in a thread of its own.
        with self._marking:
            if self._marker() is None:
                _write(self._repositories / MARKER, f"{appliance_id}\n")

    def _own_folder(self, folder: Path, mode: int) -> None:
        """Make the folder with that mode if it is not there, and give all that is in it to the owner."""
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        # A repository brought from elsewhere may belong to anybody, and an operator's own Borg that ran as root leaves
        # files of root; after a change of PUID all is the old owner's. Links are never followed: root walks here.
        for inside, names, files in os.walk(folder):
            for path in (Path(inside), *(Path(inside) / name for name in (*names, *files))):
                # Whoever works there at the same time may take a file away.
                with contextlib.suppress(FileNotFoundError):
                    if _owner(path.lstat()) != (self._uid, self._gid):
                        os.chown(path, self._uid, self._gid, follow_symlinks=False)

    def _own_file(self, file: Path, mode: int) -> None:
        if not file.is_file():
            return
        state = file.stat()
        if _owner(state) != (self._uid, self._gid):
            os.chown(file, self._uid, self._gid)
        if state.st_mode & 0o777 != mode:
            file.chmod(mode)


def _owner(state: os.stat_result) -> tuple[int, int]:
    return state.st_uid, state.st_gid


def _release(folder: Path, run_id: str) -> None:
    exclusive, roster = folder / "lock.exclusive", folder / "lock.roster"
    if exclusive.is_dir():
        held = {entry: locks.holders((entry.name,), "") for entry in exclusive.iterdir()}
        for entry, owners in held.items():
            if all(locks.belongs_to(owner, run_id) for owner in owners):
                entry.unlink()
        if not any(exclusive.iterdir()):
            exclusive.rmdir()
    if roster.is_file():
        owners = locks.holders((), roster.read_text(encoding="utf-8", errors="replace"))
        if all(locks.belongs_to(owner, run_id) for owner in owners):
            roster.unlink()


def _pinned_aliases(file: Path) -> set[str]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return set()
    return {alias for line in lines if not line.startswith("#") for alias in line.partition(" ")[0].split(",")}


def _holds_something(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


def _write(file: Path, text: str) -> None:
    """Write the whole file or nothing; a container that has the old one mounted keeps the old one."""
    fresh = file.with_name(f"{file.name}.new")
    with fresh.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.chmod(0o644)
    fresh.replace(file)
