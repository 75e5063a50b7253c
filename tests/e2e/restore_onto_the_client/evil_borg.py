"""A Borg whose `create` adds to its archive what no honest one would; takes the arguments of the real one."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

from borg import archive, archiver
from borg.item import Item

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE, LINK, FOLDER = stat.S_IFREG | 0o4755, stat.S_IFLNK | 0o777, stat.S_IFDIR | 0o777
CANARY = "srv/outside/canary"

honest = archive.Archive.add_item
told: list[bool] = []


def evil(path: str, mode: int, **more: Any) -> Any:
    """Make an item of alice's, of long ago."""
    return Item(
        path=path, mode=mode, uid=1000, gid=1000, user="alice", group="alice", mtime=1234567890_000000000, **more
    )


def evil_items() -> Iterator[Any]:
    """Make what leads out of the restored folder in every way that an item can."""
    yield evil("srv/evil/out", LINK, source="/srv/outside")
    yield evil("srv/evil/out", FOLDER)
    yield evil("srv/evil/out/planted", FILE, chunks=[], size=0)
    yield evil("srv/evil/link", LINK, source=f"/{CANARY}")
    # Where a pull container has the repository, for a restore onto the server itself.
    yield evil("srv/evil/repository", LINK, source="/.borgpull/repository")
    yield evil("srv/evil/repository/config", FILE, chunks=[], size=0)
    yield evil("srv/evil/hard", FILE, source=CANARY)
    yield evil("srv/evil/up", FILE, source=f"../../{CANARY}")
    yield evil("srv/evil/over", LINK, source=f"/{CANARY}")
    yield evil("srv/evil/over", FILE, chunks=[], size=0)
    yield evil(f"../{CANARY}", FILE, chunks=[], size=0)
    yield evil(f"srv/evil/../../{CANARY}", FILE, chunks=[], size=0)


def add_item(self: Any, item: Any, *arguments: Any, **named: Any) -> None:
    """Add the item, and after the first one all of ours."""
    honest(self, item, *arguments, **named)
    if not told:
        told.append(True)
        for one in evil_items():
            honest(self, one, *arguments, **named)


archive.Archive.add_item = add_item
archiver.main()
