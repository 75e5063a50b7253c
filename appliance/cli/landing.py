"""The folder of this server that a restore goes into: made here, since a pull container is given it alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from appliance.errors import BorgpullError, EngineError
from appliance.plan import places

if TYPE_CHECKING:
    from appliance.cli.surroundings import Surroundings
    from appliance.config.owner import Owner

# Set-uid files of a machine may lie in it, and they would belong to somebody here.
_PRIVATE = 0o700


def fresh_landing(world: Surroundings, archive: str) -> str:
    """Name a folder after the archive that is not there yet. Colons are left out: shares cannot have them."""
    plain = archive.replace(":", "")
    names = [plain, *(f"{plain}-{number}" for number in range(2, 1000))]
    return str(places.RESTORED / next(name for name in names if not os.path.lexists(world.restored_folder / name)))


def make_landing(world: Surroundings, target: str, *, resume: bool) -> Path:
    """Make the folder, or take one that is there and empty; raises BorgpullError where it cannot be used.

    Returns where it lies here.
    """
    _insist_mounted(world)
    place = _placed(world, target)
    if place.is_dir():
        if not resume and any(place.iterdir()):
            raise BorgpullError(
                f"{target} is not empty. Name a folder that is not there yet with --to, or go on with a restore that "
                "was cut off by --resume."
            )
    elif resume:
        raise BorgpullError(f"{target} is not there, so no restore into it was cut off; leave out --resume.")
    try:
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(_PRIVATE)
        _give_away(place, world.owner())
    except OSError as error:
        raise BorgpullError(f"{target} cannot be made ({error.strerror}); may {places.RESTORED} be written?") from error
    return place


def drop_empty(place: Path) -> None:
    """Remove the folder where nothing came of it."""
    try:
        place.rmdir()
    except OSError:
        # Something is in it, which is what it was made for.
        return


def _insist_mounted(world: Surroundings) -> None:
    try:
        world.engine().host_path(str(places.RESTORED))
    except EngineError as error:
        raise BorgpullError(
            f"{places.RESTORED} is no folder of the host yet, so what is restored there would be lost: take the line "
            f"of {places.RESTORED} under `volumes` from the new compose.yaml, `docker compose up -d`, and try again "
            f"({error})"
        ) from error


def _placed(world: Surroundings, target: str) -> Path:
    """Find the place below /restored without going through any link, for those may be a client's."""
    wanted = PurePosixPath(target)
    if ".." in wanted.parts or not wanted.is_relative_to(places.RESTORED) or wanted == places.RESTORED:
        raise BorgpullError(
            f"{target} is not below {places.RESTORED}, the one folder of this server that a restore may write in; "
            f"name one such as {places.RESTORED}/back with --to"
        )
    place = world.restored_folder
    for part in wanted.relative_to(places.RESTORED).parts:
        place /= part
        try:
            kind = place.lstat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(kind):
            raise BorgpullError(f"{target} leads through {part}, which is no folder; name another one with --to")
    return place


def _give_away(place: Path, owner: Owner) -> None:
    if os.geteuid() == 0:
        os.chown(place, owner.uid, owner.gid, follow_symlinks=False)
