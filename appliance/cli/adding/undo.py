"""A client that never came to be leaves nothing behind: no key, no passphrase, no pinned host key, no empty folder."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.cli.surroundings import Surroundings


@contextmanager
def or_nothing(world: Surroundings, name: str) -> Iterator[None]:
    """Take back what is made within the block unless it comes to its end; what was there before stays."""
    was_known = world.keys().is_known(name) or world.volumes().survey(name).has_repository
    is_good = False
    try:
        yield
        is_good = True
    finally:
        if not is_good and not was_known:
            world.keys().forget(name)
            for folder in (world.repositories_folder / name, *_of_state(world, name)):
                with suppress(OSError):
                    folder.rmdir()
            click.echo(
                f"\nNothing of {name} was kept here. A key that was pasted there is of no use any more.", err=True
            )


def _of_state(world: Surroundings, name: str) -> tuple[Path, Path]:
    return (world.state_folder / "cache" / name, world.state_folder / "runs" / name)
