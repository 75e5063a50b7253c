"""What the doctor says of the escrow: whether there is one, whether it is complete, and whether it was ever proven."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from appliance.cli.findings import fine, warning
from appliance.errors import StateError
from appliance.plan import escrow
from appliance.plan.escrow import EscrowFact

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from appliance.cli.findings import Finding
    from appliance.cli.surroundings import Store
    from appliance.plan.escrow import BundledFile


def escrow_findings(
    store: Store, good_clients: Collection[str], gather: Callable[[], Sequence[BundledFile]]
) -> Iterator[Finding]:
    """Look at the newest escrow; before any client has an archive there is nothing to say."""
    if not good_clients:
        return
    fact = EscrowFact.from_json(store.fact(escrow.FACT))
    if fact is None:
        sentence = "there is none: when this server dies, the keys and passphrases of all archives die with it"
        yield warning("escrow", sentence, "`borgpull escrow`, and keep the file where this server is not")
        return
    made = f"{fact.made:%Y-%m-%d}"
    try:
        why = escrow.why_outdated(fact, escrow.fingerprint(gather()), good_clients)
    except StateError as error:
        why = f"nobody can tell whether it is complete ({error})"
    proven = store.fact(escrow.PROVEN)
    if why:
        yield warning("escrow", f"that of {made} is out of date: {why}", "make a new one: `borgpull escrow`")
    elif not proven or datetime.fromisoformat(proven) < fact.made:
        yield warning("escrow", f"that of {made} was never proven", "`borgpull escrow --check FILE`")
    else:
        yield fine("escrow", f"made on {made}, proven on {datetime.fromisoformat(proven):%Y-%m-%d}")
