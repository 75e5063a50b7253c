"""`borgpull escrow --restore FILE`: a new appliance gets configuration and journal of the old one, paused at first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appliance.cli.escrow_bundle import unpack
from appliance.cli.escrow_catch_up import catch_up
from appliance.cli.readable import count
from appliance.cli.surroundings import heartbeat_age, is_alive
from appliance.errors import BorgpullError, StateError
from appliance.plan import escrow, places

if TYPE_CHECKING:
    from appliance.cli.surroundings import Surroundings

_NAMED = 5


def restore_bundle(world: Surroundings, sealed: bytes, passphrase: bytes) -> None:
    """Put everything into its place; raises BorgpullError, before anything was written, where something is there."""
    bundle = unpack(world.cipher().decrypt(sealed, passphrase))
    _insist_new(world)
    files = world.escrow_files()
    configuration = [file for file in bundle.files if file.path.startswith(f"{escrow.CONFIG_FOLDER}/")]
    in_the_way = files.in_the_way(configuration)
    if in_the_way:
        named = ", ".join(str(place) for place in in_the_way[:_NAMED])
        raise StateError(
            f"{count(len(in_the_way), 'file')} of another content would be overwritten ({named}); move them away first"
        )
    journal = [file for file in bundle.files if file.path == escrow.JOURNAL]
    if not journal:
        raise BorgpullError("the bundle holds no journal; it is not whole")
    # The journal last: as long as it is not there, the same command can be given again.
    files.put([*configuration, *journal])
    told = "".join(f"{line}\n" for line in catch_up(world, bundle.manifest))
    click.echo(
        f"Restored: {count(len(configuration), 'file')} of the configuration, and the journal with "
        f"{count(len(bundle.manifest.clients), 'client')}, as of {bundle.manifest.made:%Y-%m-%d %H:%M} UTC.\n"
        f"{told}"
        "Nothing starts by itself yet. `docker compose up -d`, then look: `borgpull doctor`, and for each client "
        "`borgpull repair NAME`. `borgpull resume` ends the pause."
    )


def _insist_new(world: Surroundings) -> None:
    """Refuse where an appliance with a history of its own stands, or where a supervisor is at work."""
    if not (world.state_folder / places.JOURNAL.name).exists():
        return
    store = world.journal()
    if is_alive(heartbeat_age(store, world.clock.now())):
        raise StateError("the supervisor is running; `docker compose stop supervisor` first, and `run --rm` this then")
    if store.history(limit=1):
        raise StateError(
            "this appliance has a history of its own, which would be lost; restore into a new one, with a new volume "
            "for its state"
        )
    # Another file takes its place.
    store.close()
