"""`borgpull restore`: from an archive back onto the machine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from appliance.cli.files import archive_name
from appliance.cli.question import ask
from appliance.cli.readable import safe, say_json
from appliance.cli.run import watch
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client, require_supervisor
from appliance.plan.container import PREVIEW
from appliance.plan.restores import WAYS, choose_way, fresh_folder, refusal
from appliance.record import Operation, RequestKind, RestoreOrder, Way

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.config.model import Client
    from appliance.plan.restores import Choice

_SHOWN = 20


@click.command()
@click.argument("name")
@click.argument("archive")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--way", type=click.Choice([str(way) for way in WAYS]), help="By the client's names, or by number.")
@click.option("--to", "target", metavar="DIR", default="", help="New or empty folder on the machine.")
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
    in_place: bool,
    dry_run: bool,
    resume: bool,
    yes: bool,
    for_programs: bool,
) -> None:
    """Restore an archive, or PATHs of it, onto the machine. ARCHIVE may be `latest`.

    Without --to and --in-place it goes into a new folder in the machine's root. The machine must let the restore key
    in: `borgpull client setup NAME --restore`. The exit code is the outcome.

    Example: borgpull restore web1 latest etc/nginx

    Or: borgpull restore web1 latest --way numeric --in-place
    """
    client = known_client(world.load(), name)
    if why := refusal(client):
        raise click.UsageError(why)
    _insist_sound(client, target, in_place=in_place, resume=resume)
    choice = choose_way(Way(way) if way else None, is_part=bool(paths))
    order = RestoreOrder(
        archive=archive_name(world, client, archive),
        way=choice.way,
        paths=tuple(path.strip("/") for path in paths),
        target=target or ("" if in_place else fresh_folder(client, world.clock.now())),
        in_place=in_place,
        resume=resume,
    )
    world.keys().create_restore_key(name)
    if not for_programs:
        _say_choice(choice, order)
    if dry_run:
        _show_preview(world, client, order, for_programs=for_programs)
        return
    require_supervisor(world.journal(), world.clock.now())
    if in_place and not yes:
        _show_preview(world, client, order, for_programs=False)
        click.confirm("Write over what is there?", abort=True)
    store = world.journal()
    asked = store.ask(RequestKind.RUN, name, Operation.RESTORE, restore=order)
    watch(world, store, {name: asked}, for_programs=for_programs)


def _insist_sound(client: Client, target: str, *, in_place: bool, resume: bool) -> None:
    if target and not target.startswith("/"):
        raise click.UsageError(f"--to {target} is no absolute path on {client.name}.")
    if target.strip("/") == "" and target:
        raise click.UsageError("To restore over the machine's own root: --in-place, without --to.")
    if resume and not target and not in_place:
        raise click.UsageError("--resume needs the --to (or the --in-place) of the restore that was cut off.")
    user = getattr(client, "user", "root")
    if user != "root" and not target:
        raise click.UsageError(f"{user} may not write in {client.name}'s root; name a folder of its own with --to.")


def _say_choice(choice: Choice, order: RestoreOrder) -> None:
    place = order.target or "its own places"
    click.echo(f"{order.archive} goes to {place} by way {choice.way} ({choice.reason}).", err=True)
    click.echo(f"On this way {', '.join(choice.losses)}.", err=True)


def _show_preview(world: Surroundings, client: Client, order: RestoreOrder, *, for_programs: bool) -> None:
    items = ask(world, client, PREVIEW, restore=replace(order, preview=True))
    if for_programs:
        say_json([dict(item) for item in items])
        return
    shown = 0
    totals: Mapping[str, Any] = {}
    for item in items:
        if "path" not in item:
            totals = item
        elif item["exists"] or not order.in_place:
            shown += 1
            if shown <= _SHOWN:
                click.echo(f"{'over ' if item['exists'] else ''}{safe(str(item['path']))}")
    if shown > _SHOWN:
        click.echo(f"... and {shown - _SHOWN} more")
    click.echo(
        f"{totals.get('members', 0)} files and folders, {totals.get('size', 0)} bytes; "
        f"{totals.get('exist', 0)} of them are written over what is there."
    )
