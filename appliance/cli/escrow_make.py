"""`borgpull escrow --to FILE`: gather, encrypt, open it again, and only then call it an escrow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from appliance import __version__
from appliance.cli.escrow_bundle import pack
from appliance.cli.escrow_left import left_behind, what_to_do
from appliance.cli.question import appliance_id, ask
from appliance.cli.readable import count, size
from appliance.cli.whole_file import stands, write_whole
from appliance.errors import BorgpullError, ExitCode, StateError
from appliance.plan import escrow
from appliance.plan.escrow import BundledFile, EscrowedClient, EscrowFact, Manifest
from appliance.plan.escrow_readme import readme
from appliance.plan.run_plan import KnownArchive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from appliance.cli.surroundings import Store, Surroundings
    from appliance.config.model import Client


def make_bundle(world: Surroundings, target: str | None, passphrase: Callable[[], bytes]) -> None:
    """Write the bundle; exit code 1 when the key of a client is not in it, which then replaces no other one.

    Raises BorgpullError.
    """
    clients, store, us = world.load().clients, world.journal(), appliance_id(world.journal())
    typed = passphrase()
    asked = [_client(world, store, client) for client in clients]
    asked += [_left(world, store, client) for client in left_behind(world, store, clients)]
    keys = tuple(file for _, file in asked if file is not None)
    manifest = Manifest(
        made=world.clock.now(), appliance_id=us, version=__version__, clients=tuple(client for client, _ in asked)
    )
    gathered = world.escrow_files().gather()
    fact = _fact(manifest, escrow.fingerprint(gathered))
    journal = BundledFile(path=escrow.JOURNAL, content=world.snapshot(escrow.facts_elsewhere(fact)))
    plain = pack(manifest, readme(manifest), (*gathered, *keys, journal))
    sealed = world.cipher().encrypt(plain, typed)
    if world.cipher().decrypt(sealed, typed) != plain:
        raise StateError("what was encrypted does not open again to the same; no bundle was written")
    wanted = target or str(world.restored_folder / f"{escrow.FILE_PREFIX}{manifest.made:%Y-%m-%d}.gpg")
    if _lacks_keys(manifest) and stands(wanted):
        # What stands there may be whole, and the journal's word on the newest escrow stays what it is.
        write_whole(sealed, wanted + escrow.INCOMPLETE)
        _tell_incomplete(manifest, wanted, len(sealed))
    else:
        write_whole(sealed, wanted)
        _remember(store, fact)
        _tell(manifest, wanted, len(sealed))
    if _lacks_keys(manifest):
        click.get_current_context().exit(ExitCode.WARNING)


def _client(world: Surroundings, store: Store, client: Client) -> tuple[EscrowedClient, BundledFile | None]:
    """Ask for the key of one repository; what went wrong stands in the client, and nothing is hidden by it."""
    known = store.repository(client.name)
    archives = tuple(
        KnownArchive(name=entry.archive.name, id=entry.archive.id, started=entry.archive.started.isoformat())
        for entry in store.archives(client.name)
    )
    name, pinned = client.name, known.repository_id if known else None
    try:
        ground = world.volumes().survey(name)
        if not ground.has_repository or not ground.has_passphrase:
            trouble = f"its repository is not in /repos/{name}" if known else ""
            if ground.has_repository:
                trouble = f"its passphrase is not in /config/secrets/{name}/passphrase"
            return EscrowedClient(name=name, repository_id=pinned, trouble=trouble, archives=archives), None
        click.echo(f"{name}: asking for the key of its repository", err=True)
        lines = [str(item["line"]) for item in ask(world, client, "key-export", "plain")]
    except BorgpullError as error:
        return EscrowedClient(name=name, repository_id=pinned, trouble=str(error), archives=archives), None
    key = BundledFile(path=escrow.key_path(name), content="".join(f"{line}\n" for line in lines).encode())
    return EscrowedClient(name=name, repository_id=pinned, key=key.path, archives=archives), key


def _left(world: Surroundings, store: Store, client: Client) -> tuple[EscrowedClient, BundledFile | None]:
    click.echo(f"{client.name} is not in the configuration any more, but its repository is there", err=True)
    found, key = _client(world, store, client)
    return (replace(found, trouble=what_to_do(client.name, found.trouble)) if found.trouble else found), key


def _fact(manifest: Manifest, fingerprint: str) -> EscrowFact:
    return EscrowFact(
        made=manifest.made,
        fingerprint=fingerprint,
        repositories={client.name: client.repository_id or "" for client in manifest.clients if client.key},
    )


def _remember(store: Store, fact: EscrowFact) -> None:
    store.set_fact(escrow.FACT, fact.to_json())
    for client in fact.repositories:
        store.set_fact(f"key_exported:{client}", fact.made.isoformat())


def _tell(manifest: Manifest, written: str, length: int) -> None:
    keys = [client for client in manifest.clients if client.key]
    where = "standard output" if written == "-" else written
    click.echo(
        f"The escrow went to {where} ({size(length)}): the configuration, {count(len(keys), 'repository key')}, all "
        "secrets and the journal.",
        err=True,
    )
    _say_lacking(manifest.clients)
    name = "FILE" if written == "-" else written
    click.echo(
        "Take it to where this server is not, and the passphrase to where the file is not; without it nobody opens the "
        f"file, not even you. Now prove it: `borgpull escrow --check {name}`.",
        err=True,
    )


def _tell_incomplete(manifest: Manifest, wanted: str, length: int) -> None:
    _say_lacking(manifest.clients)
    click.echo(
        f"! {wanted} was left as it is, for it may hold what is lacking. The incomplete escrow went to "
        f"{wanted}{escrow.INCOMPLETE} ({size(length)}), and does not count. Put right what is said above, and give the "
        "command again; or give it another FILE, and the incomplete one counts as the newest.",
        err=True,
    )


def _lacks_keys(manifest: Manifest) -> bool:
    return any(client.trouble for client in manifest.clients)


def _say_lacking(clients: Sequence[EscrowedClient]) -> None:
    for client in clients:
        if client.trouble:
            click.echo(f"! The key of {client.name} is NOT in it: {client.trouble}", err=True)
        elif not client.key:
            click.echo(f"{client.name} has no repository yet; make a new escrow after its first backup.", err=True)
