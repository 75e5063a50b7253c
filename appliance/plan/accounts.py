"""Give the appliance's user another number: `passwd` and `group` of the containers, where PUID or PGID say so.

ssh refuses to run as a user without a name, and the sshd of a run or of the gateway looks its only user up by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.ports import Mount

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from appliance.config.owner import Owner

# The engine mounts them over the image's own.
_FILES: tuple[tuple[PurePosixPath, str], ...] = (
    (places.ACCOUNTS / "passwd", "/etc/passwd"),
    (places.ACCOUNTS / "group", "/etc/group"),
)


def account_mounts(uid: int, gid: int) -> tuple[Mount, ...]:
    """Return what a container needs so that its user has a name; nothing where it is the image's own."""
    if (uid, gid) == (places.UID, places.GID):
        return ()
    return tuple(Mount(source=str(source), target=target) for source, target in _FILES)


def passwd(image_has: str, owner: Owner) -> str:
    """Return the image's /etc/passwd, its user first, so that he is found even where another has the same number."""
    return _renumbered(image_has, (str(owner.uid), str(owner.gid)))


def group(image_has: str, owner: Owner) -> str:
    """Return the image's /etc/group, the user's group first."""
    return _renumbered(image_has, (str(owner.gid),))


def _renumbered(text: str, numbers: tuple[str, ...]) -> str:
    """Return the table with the user's line first, and these numbers where they stand: after name and password."""
    lines = text.splitlines()
    ours = next((line for line in lines if line.startswith(f"{places.USER}:")), f"{places.USER}:x::")
    name, password, *rest = ours.split(":")
    others = (line for line in lines if line != ours)
    return "".join(f"{line}\n" for line in (":".join((name, password, *numbers, *rest[len(numbers) :])), *others))
