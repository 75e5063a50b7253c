"""How a fidelity card is made of a client: whether there can be one, the run for it, and what the method claims."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.config.model import BorgClient, MachineClient, SshfsClient
from appliance.config.owner import IMAGES_OWN
from appliance.plan import places
from appliance.plan.fidelity import Trait
from appliance.plan.make import archive_name, plan_run
from appliance.plan.operations import FIDELITY
from appliance.plan.trust import trust_of

if TYPE_CHECKING:
    from datetime import datetime

    from appliance.config.model import Client
    from appliance.config.owner import Owner
    from appliance.plan.fidelity import Card
    from appliance.plan.run_plan import RunPlan

# A tree of a few files; what takes longer than this hangs, and what takes more room is no test tree.
_LIMIT_SECONDS = 1800
_LIMIT_BYTES = 200_000_000
# How plan/trust.py begins its sentences, and which traits they are about.
_CLAIMS = {
    "hard links": (Trait.HARD_LINKS,),
    "extended attributes": (Trait.ATTRIBUTES,),
    "ACLs": (Trait.ACLS,),
    "file flags": (Trait.FLAGS,),
    "times below the second": (Trait.NANOSECONDS,),
    "ctime": (Trait.CHANGE_TIMES,),
    "numbers of device nodes": (Trait.DEVICE_NUMBERS,),
    "character devices altogether": (Trait.CHARACTER_DEVICES, Trait.DEVICE_NUMBERS),
    "names of owners": (Trait.OWNER_NAMES,),
    # What depends on the client is no surprise either way; the card is there to tell which it is.
    "extended attributes and ACLs": (Trait.ATTRIBUTES, Trait.ACLS),
    "where the client's key or programs do not allow the listing": (
        *(Trait.HARD_LINKS, Trait.ATTRIBUTES, Trait.ACLS),
        *(Trait.NANOSECONDS, Trait.CHANGE_TIMES, Trait.DEVICE_NUMBERS),
    ),
}
# No Borg stores them: a socket without its program is nothing.
_NEVER = frozenset({Trait.SOCKETS})


def claimed_lost(client: Client) -> frozenset[Trait]:
    """Return what the trust table says that archives of this client cannot hold, or may lack."""
    lost = trust_of(client).not_carried
    claims = (traits for words, traits in _CLAIMS.items() if any(said.startswith(words) for said in lost))
    return _NEVER.union(*claims)


def judged(card: Card, client: Client) -> Card:
    """Hold the card against what the method claims."""
    lost = claimed_lost(client)
    return replace(card, rows=tuple(replace(row, claimed_lost=row.trait in lost) for row in card.rows))


def card_fact(client: str) -> str:
    """Name the fact that remembers the client's newest card."""
    return f"fidelity:{client}"


def folders_fact(client: str) -> str:
    """Name the fact that remembers in which folders of the client test trees may stand: a JSON list."""
    return f"fidelity-folders:{client}"


def tree_name(appliance_id: str, client: str, random: str) -> str:
    """Name a test tree: it is known for this client's, and nobody on the client can foresee it."""
    return f"borgpull-fidelity.{places.client_tag(appliance_id, client)}.{random}"


def refusal(client: Client) -> str:
    """Say why there can be no card of this client; empty where there can."""
    if not isinstance(client, MachineClient):
        return (
            f"{client.name} is a folder of this host, mounted read-only: nothing can be put there from here, so there "
            "is no fidelity card. `borgpull client list --trust` says what method mount cannot carry."
        )
    if isinstance(client, BorgClient) and client.stream is not None:
        return f"{client.name} is backed up from what a command prints: there are no files whose traits could be lost."
    return ""


def needs_restore_key(client: Client) -> bool:
    """Whether the tree comes with the restore key, since the pull key may run no command there (S3)."""
    return isinstance(client, SshfsClient) and not trust_of(client).runs_commands


def fidelity_plan(
    client: Client,
    *,
    run_id: str,
    now: datetime,
    appliance_id: str,
    tree: str,
    folders: tuple[str, ...] = (),
    tunnel_port: int | None = None,
    owner: Owner = IMAGES_OWN,
) -> RunPlan:
    """Plan a pull of the test tree alone, as any run of this client, but into a repository that is thrown away.

    `tree` is the folder that is made on the client, `folders` are those in which earlier tries may have left theirs,
    `owner` is whose the files are here.
    """
    planned = plan_run(
        client, FIDELITY, run_id=run_id, now=now, appliance_id=appliance_id, tunnel_port=tunnel_port, owner=owner,
        arguments=("restore" if needs_restore_key(client) else "pull", *folders),
    )  # fmt: skip
    return replace(
        planned,
        archive_name=archive_name(client.name, now),
        paths=(tree,),
        exclude=(),
        exclude_caches=False,
        # A test is no reason to stop a database.
        before=(),
        after=(),
        storage_quota=_LIMIT_BYTES,
        quota=0,
        timeout=min(planned.timeout, _LIMIT_SECONDS),
    )
