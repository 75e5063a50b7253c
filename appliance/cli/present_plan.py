"""What the next run of a client would do, as JSON and as lines for a person."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from appliance.cli.readable import iso, moment, safe, size
from appliance.plan.due import Due

if TYPE_CHECKING:
    from datetime import tzinfo

    from rich.console import RenderableType

    from appliance.borg.command import Command
    from appliance.cli.plan_on_client import OnClient
    from appliance.plan.due import NotDue
    from appliance.plan.gates import Refusal
    from appliance.plan.run_plan import PlannedHook, RunPlan
    from appliance.ports import ContainerSpec, Mount


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A run that is not made: the decision, the gate, the plan, its container and its Borg command.

    `on_client` only where Borg runs there.
    """

    due: Due | NotDue
    refusal: Refusal | None
    plan: RunPlan
    container: ContainerSpec
    command: Command
    on_client: OnClient | None = None

    def to_json(self) -> dict[str, Any]:
        """Give it to programs."""
        return {
            "client": self.plan.client,
            "due": isinstance(self.due, Due),
            "reason": self.due.reason,
            "not_before": iso(_when(self.due)),
            "refusal": None if self.refusal is None else asdict(self.refusal),
            "plan": asdict(self.plan),
            "container": asdict(self.container),
            "command": list(self.command.argv),
            "runs_on": "server" if self.on_client is None else "client",
            "serve": None if self.on_client is None else list(self.on_client.serve.argv),
            "way": None if self.on_client is None else self.on_client.way,
        }


def plan_page(preview: Preview, zone: tzinfo) -> RenderableType:
    """Lay it out, what an operator asks first on top."""
    plan, container = preview.plan, preview.container
    page = Table(box=None, pad_edge=False, show_header=False)
    page.add_column(style="bold", no_wrap=True)
    page.add_column(overflow="fold")
    page.add_row("due", _due_words(preview.due, zone))
    if preview.refusal is not None:
        page.add_row("refused", Text(f"{preview.refusal.sentence} ({preview.refusal.reason})", style="bold red"))
    page.add_row("source", safe(f"{_source(plan)}: {_what(plan)}"))
    page.add_row("leaves out", safe(" ".join(plan.exclude)) or "nothing")
    for heading, hooks in (("before", plan.before), ("after", plan.after)):
        for hook in hooks:
            page.add_row(heading, _hook(hook))
    fate = "is made by this run" if plan.repository_id is None else f"id {plan.repository_id[:16]}…"
    page.add_row("repository", f"/repos/{plan.client}, {plan.encryption}, {fate}")
    page.add_row("archive", f"{plan.archive_name} (the time is that of the start)")
    page.add_row("compared with", _baseline(plan))
    page.add_row("container", f"{container.name}, network {container.network}, {_rights(container)}")
    for mount in container.mounts:
        page.add_row("  mounts", _mount(mount))
    if preview.on_client is None:
        page.add_row("command", safe(shlex.join(preview.command.argv)))
    else:
        _add_both_ends(page, plan, preview.on_client)
    return page


def _add_both_ends(page: Table, plan: RunPlan, ends: OnClient) -> None:
    page.add_row("may grow to", size(plan.storage_quota))
    page.add_row("on the client", safe(shlex.join(ends.command.argv)))
    page.add_row("here", safe(shlex.join(ends.serve.argv)))
    page.add_row("the way", safe(ends.way))
    page.add_row("", "(CACHE is the cache folder of the client's user; RANDOM is made for each run)")


def _hook(hook: PlannedHook) -> str:
    without = "no run without it" if hook.must_work else "a warning without it"
    return safe(f"{hook.command} (at most {hook.timeout} s; {without})")


def _when(due: Due | NotDue) -> Any:
    return due.since if isinstance(due, Due) else due.until


def _due_words(due: Due | NotDue, zone: tzinfo) -> Text:
    if isinstance(due, Due):
        return Text(f"now ({due.trigger}): {due.reason}", style="green")
    when = "not by itself" if due.until is None else f"not before {moment(due.until, zone)}"
    return Text(f"{when}: {due.reason}")


def _source(plan: RunPlan) -> str:
    if not plan.user:
        return f"{plan.method}, names {plan.names}"
    if plan.reach == "dial-in":
        return f"{plan.method} {plan.user} through the tunnel that the client's side opens, names {plan.names}"
    way = "".join(f" through {hop.user}@{hop.host} port {hop.port}" for hop in plan.jump)
    return f"{plan.method} {plan.user}@{plan.host} port {plan.port}{way}, names {plan.names}"


def _what(plan: RunPlan) -> str:
    return (
        f"what `{plan.stream_command}` prints, as {plan.stream_name}" if plan.stream_command else " ".join(plan.paths)
    )


def _baseline(plan: RunPlan) -> str:
    if plan.baseline is None:
        return "nothing: no archive of known size yet"
    floor = 1 - plan.max_shrink
    was = f"{plan.baseline.files} files, {size(plan.baseline.original_size)}"
    return f"the last one ({was}); less than {floor:.0%} of it does not count"


def _rights(container: ContainerSpec) -> str:
    if container.privileged:
        return "privileged"
    ports = "".join(f", port {outside} of this host while it runs" for _, outside in container.ports)
    rights = [*container.capabilities, *container.devices]
    return f"rights {' '.join(rights)}, dropped before the first client byte" if rights else f"no rights{ports}"


def _mount(mount: Mount) -> str:
    source = f"volume {mount.source}" if mount.volume else f"{mount.source} of the host" if mount.host else mount.source
    return f"{safe(source)} -> {mount.target} ({'read-only' if mount.read_only else 'writable'})"
