"""`borgpull client list`: the configured clients, and what each is trusted with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from appliance.cli.fidelity import remembered
from appliance.cli.present_clients import client_json, clients_page, trust_json, trust_page
from appliance.cli.readable import say_json, show
from appliance.cli.surroundings import Surroundings, in_surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.config.model import Client


@click.command("list")
@click.option("--trust", is_flag=True, help="Show who must trust whom with what, client by client.")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list, one object a client.")
@in_surroundings
def list_clients(world: Surroundings, *, trust: bool, for_programs: bool) -> None:
    """List the configured clients. How they stand: `borgpull status`.

    With --trust: who holds the passphrase, who could delete archives, what the server could do to the client, and what
    its method cannot carry, as its files were listed at the last good run; and what its last fidelity card found
    (`borgpull client probe NAME --fidelity`).

    Example: borgpull client list --trust
    """
    clients = world.load().clients
    if trust and clients:
        _show_trust(world, clients, for_programs=for_programs)
    elif for_programs:
        say_json([client_json(one) for one in clients])
    elif not clients:
        show(Text("No clients yet. `borgpull client add NAME --host HOST` makes one."))
    else:
        show(clients_page(clients))


def _show_trust(world: Surroundings, clients: Sequence[Client], *, for_programs: bool) -> None:
    store = world.journal()
    cards = {one.name: card for one in clients if (card := remembered(store, one.name))}
    good = {name: history.last_success for name, history in store.last_runs().items()}
    listed = {name: run.listed_by for name, run in good.items() if run is not None}
    if for_programs:
        say_json([trust_json(one, cards.get(one.name), listed.get(one.name)) for one in clients])
    else:
        show(trust_page(clients, cards, listed))
