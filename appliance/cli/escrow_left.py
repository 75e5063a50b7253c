"""Clients that were taken out of the configuration while their repositories stayed: their keys are needed too."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from appliance.config.model import MountClient
from appliance.plan import places

if TYPE_CHECKING:
    from collections.abc import Iterable

    from appliance.cli.surroundings import Store, Surroundings
    from appliance.config.model import Client


def left_behind(world: Surroundings, store: Store, configured: Iterable[Client]) -> tuple[Client, ...]:
    """Return who has a pinned repository in the journal and a folder in /repos, and is not configured.

    Whose folder is gone was given up, and nobody asks after it any more.
    """
    known = {name for standings in store.standings().values() for name in standings}
    known -= {client.name for client in configured}
    return tuple(
        stand_in(name)
        for name in sorted(known)
        if (world.repositories_folder / name).is_dir() and store.repository(name) is not None
    )


def stand_in(name: str) -> Client:
    """Return a client of that name for questions to its repository, in which nothing else of a client is looked at."""
    return MountClient(name=name, method="mount", folder=PurePosixPath("/"))


def what_to_do(name: str, trouble: str) -> str:
    """Say how the complaint about such a client ends."""
    return (
        f"{trouble.rstrip('.')}. It is not in the configuration any more: put it back, with `enabled = false`, or, if "
        f"its archives are given up, move {places.repository_folder(name)} to another place"
    )
