"""The table of verbs; each is imported only when it is used, so that a pull container starts without the rest."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click

from appliance import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERBS = {
    "about": "appliance.cli.about:about",
    "alarms": "appliance.cli.alarms:alarms",
    "archives": "appliance.cli.archives:archives",
    "client": "appliance.cli.client:client",
    "config": "appliance.cli.config:config",
    "diff": "appliance.cli.diff:diff",
    "doctor": "appliance.cli.doctor:doctor",
    "escrow": "appliance.cli.escrow:escrow",
    "files": "appliance.cli.files:files",
    "find": "appliance.cli.find:find",
    "gateway": "appliance.cli.gateway:gateway",
    "health": "appliance.cli.health:health",
    "history": "appliance.cli.history:history",
    "import": "appliance.cli.importing:import_repository",
    "key": "appliance.cli.key:key",
    "logs": "appliance.cli.logs:logs",
    "monitoring": "appliance.cli.monitoring:monitoring",
    "notify": "appliance.cli.notify:notify",
    "pause": "appliance.cli.pause:pause",
    "plan": "appliance.cli.plan:plan",
    "protect": "appliance.cli.protect:protect",
    "prune": "appliance.cli.prune:prune",
    "pull": "appliance.cli.pull:pull",
    "repair": "appliance.cli.repair:repair",
    "report": "appliance.cli.report:report",
    "restore": "appliance.cli.restore:restore",
    "resume": "appliance.cli.pause:resume",
    "run": "appliance.cli.run:run",
    "status": "appliance.cli.status:status",
    "stop": "appliance.cli.stop:stop",
    "supervise": "appliance.cli.supervise:supervise",
    "wake": "appliance.cli.wake:wake",
}
# These find what they need by themselves.
_WORLDLESS = ("about", "gateway", "monitoring", "pull", "supervise", "wake")


class Verbs(click.Group):
    """A group whose verbs live in modules of their own."""

    def __init__(self, *, verbs: Mapping[str, str], **attributes: Any) -> None:
        """`verbs` says for each where it is, `module:name`; the rest is click's."""
        super().__init__(**attributes)
        self._verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every verb, in the order of the alphabet."""
        del ctx
        return sorted(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb; None for an unknown one."""
        del ctx
        if cmd_name not in self._verbs:
            return None
        module, _, name = self._verbs[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Offer the nearest verbs for an unknown one; click does so by itself for options only."""
        if args and args[0] not in self._verbs and not args[0].startswith("-"):
            from appliance.cli.readable import did_you_mean  # noqa: PLC0415 - rich is not for the pull container

            ctx.fail(f"there is no command {args[0]!r}.{did_you_mean(args[0], self._verbs)}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=Verbs, verbs=_VERBS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="borgpull", message="%(prog)s %(version)s")
@click.pass_context
def borgpull(context: click.Context) -> None:
    """Pull Borg backups from every machine in the house.

    Start with `borgpull status`; something wrong? `borgpull doctor`.
    """
    if context.obj is None and context.invoked_subcommand not in _WORLDLESS:
        from appliance.cli.reality import real  # noqa: PLC0415 - a pull container starts without all that

        context.obj = real()
