"""`borgpull restore`: from an archive back onto the machine, onto this server, or to whoever asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from appliance.cli.files import archive_name
from appliance.cli.matching import insist_matching, insist_sound_paths
from appliance.cli.restore_here import into_folder, into_stream
from appliance.cli.restore_preview import say_choice, show_preview
from appliance.cli.run import watch
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client, require_supervisor
from appliance.plan.restores import FORMS, WAYS, choose_way, fresh_folder, refusal
from appliance.record import Operation, RequestKind, RestoreOrder, Way

if TYPE_CHECKING:
    from appliance.config.model import Client
    from appliance.plan.restores import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """The options of the command line, as they came."""

    target: str
    form: str
    destination: Client | None
    in_place: bool
    dry_run: bool
    resume: bool
    yes: bool
    for_programs: bool


@click.command()
@click.argument("name")
@click.argument("archive")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--way", type=click.Choice([str(way) for way in WAYS]), help="By names or numbers; or onto this server.")
@click.option("--to", "target", metavar="DIR", default="", help="New or empty folder on the machine, or here.")
@click.option("--format", "form", type=click.Choice(FORMS), help="To standard output, which is no terminal.")
@click.option("--client", "other", metavar="OTHER", help="Onto another client's machine.")
@click.option("--in-place", is_flag=True, help="Where it was, or below DIR, over what is there.")
@click.option("--dry-run", is_flag=True, help="Only say what would be restored, and what is in the way.")
@click.option("--resume", is_flag=True, help="Go on with a restore that was cut off; needs its --to or --in-place.")
@click.option("--yes", is_flag=True, help="Do not ask before something is overwritten.")
@click.option("--json", "for_programs", is_flag=True, help="Print JSON.")
@in_surroundings
def restore(
    world: Surroundings,
    name: str,
    archive: str,
    paths: tuple[str, ...],
    *,
    way: str | None,
    target: str,
    form: str | None,
    other: str | None,
    in_place: bool,
    dry_run: bool,
    resume: bool,
    yes: bool,
    for_programs: bool,
) -> None:
    """Restore an archive, or PATHs of it. ARCHIVE may be `latest`.

    Onto the machine it goes into a new folder in its root without --to and --in-place, and the machine must let the
    restore key in: `borgpull client setup NAME --restore`. With --way local it goes into a folder of this server, or
    with --format to standard output. The exit code is the outcome.

    Example: borgpull restore web1 latest etc/nginx

    Or: docker compose exec -T supervisor borgpull restore web1 latest --format tar > web1.tar
    """
    client = known_client(world.load(), name)
    destination = known_client(world.load(), other) if other and other != name else None
    wish = _Wish(
        target=target,
        form=form or "",
        destination=destination,
        in_place=in_place,
        dry_run=dry_run,
        resume=resume,
        yes=yes,
        for_programs=for_programs,
    )
    choice = choose_way(client, Way(way) if way else None, is_part=bool(paths), form=wish.form, destination=destination)
    if why := refusal(client, choice.way, wish.form, destination):
        raise click.UsageError(why)
    insist_sound_paths(paths)
    _insist_sound(destination or client, choice.way, wish)
    order = RestoreOrder(
        archive=archive_name(world, client, archive),
        way=choice.way,
        paths=tuple(path.strip("/") for path in paths),
        target=target,
        in_place=in_place,
        form=wish.form,
        destination=destination.name if destination else "",
        resume=resume,
    )
    insist_matching(world, client, order.archive, order.paths)
    if dry_run and choice.way is Way.LOCAL:
        show_preview(world, client, order, for_programs=for_programs)
    elif wish.form:
        into_stream(world, client, order, choice)
    elif choice.way is Way.LOCAL:
        into_folder(world, client, order, choice, for_programs=for_programs)
    else:
        _onto_the_machine(world, client, order, choice, wish)


def _onto_the_machine(world: Surroundings, client: Client, order: RestoreOrder, choice: Choice, wish: _Wish) -> None:
    if not order.target and not order.in_place:
        order = replace(order, target=fresh_folder(client, world.clock.now()))
    machine = wish.destination or client
    world.keys().create_restore_key(machine.name)
    if not wish.for_programs:
        place = order.target or ("the same places" if wish.destination else "its own places")
        say_choice(choice, order.archive, f"{place} on {machine.name}" if wish.destination else place)
    if wish.dry_run:
        show_preview(world, client, order, for_programs=wish.for_programs, destination=wish.destination)
        return
    store = world.journal()
    require_supervisor(store, world.clock.now())
    if order.in_place and not wish.yes:
        show_preview(world, client, order, for_programs=False, destination=wish.destination)
        click.confirm("Write over what is there?", abort=True)
    asked = store.ask(RequestKind.RUN, client.name, Operation.RESTORE, restore=order)
    watch(world, store, {client.name: asked}, for_programs=wish.for_programs)


def _insist_sound(client: Client, way: Way, wish: _Wish) -> None:
    target = wish.target
    if target and not target.startswith("/"):
        raise click.UsageError(f"--to {target} is no absolute path.")
    if way is Way.LOCAL:
        _insist_sound_here(wish)
        return
    if target.strip("/") == "" and target:
        raise click.UsageError("To restore over the machine's own root: --in-place, without --to.")
    if wish.resume and not target and not wish.in_place:
        raise click.UsageError("--resume needs the --to (or the --in-place) of the restore that was cut off.")
    user = getattr(client, "user", "root")
    if user != "root" and not target:
        raise click.UsageError(f"{user} may not write in {client.name}'s root; name a folder of its own with --to.")


def _insist_sound_here(wish: _Wish) -> None:
    if wish.in_place:
        raise click.UsageError("--in-place is for the machine's own places; --way local writes into a folder here.")
    if wish.form and (wish.target or wish.resume):
        raise click.UsageError("--format writes to standard output, so it knows neither --to nor --resume.")
    if wish.form and wish.for_programs and not wish.dry_run:
        raise click.UsageError("--format writes the restored files to standard output, so no JSON can go there.")
    if wish.resume and not wish.target:
        raise click.UsageError("--resume needs the --to of the restore that was cut off.")
