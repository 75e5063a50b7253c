"""Borg runs on the client: the way to our `borg serve` is opened, and what came of it is looked at from here."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.borg import by_hand
from appliance.borg.create import STREAM, create_on_client
from appliance.plan import gates, places
from appliance.plan.operations import BY_HAND
from appliance.pull import ledger, repository
from appliance.pull.failure import Failure, insist
from appliance.pull.guard import Guard
from appliance.pull.methods.channels import channel
from appliance.pull.methods.ssh_failure import ssh_failure
from appliance.pull.methods.trial import try_way
from appliance.pull.methods.workplace import clear, put_files
from appliance.pull.ssh_config import ssh_config
from appliance.pull.streams import insist_filled, stream_failure
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from appliance.borg import output
    from appliance.borg.command import Command
    from appliance.plan.events import ListedArchive
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.contact import Contact
    from appliance.pull.methods.channel import Channel
    from appliance.pull.methods.workplace import Workplace
    from appliance.pull.voice import Voice
    from appliance.pull.watch import Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class OnClient:
    """A source that only the client sees; what it says of the archive is checked against the repository."""

    plan: RunPlan
    workplace: Workplace
    channel: Channel
    guard: Guard
    filesystem: str = ""
    note: str = ""
    listed_by: str | None = None
    lacking: str = ""

    def check_paths(self, paths: tuple[str, ...]) -> None:
        """Judge what the client itself said of each path."""
        found_something = not paths
        for path in paths:
            seen = self.workplace.seen[path]
            _insist_on(path, seen)
            found_something = found_something or seen == "filled"
        if not found_something:
            raise Failure(
                Reason.SOURCE_EMPTY,
                f"There is nothing in {', '.join(paths)}: an empty folder is nearly always a disk that is not mounted.",
            )

    def try_way(self) -> None:
        """Go there and come back, as Borg would."""
        try_way(self.plan, self.workplace, self.channel)

    def failure(self, heard: Heard) -> Failure | None:
        """Say what went wrong where it was the way, ssh, or the shell on the client, and not Borg."""
        return self.channel.explain(heard) or stream_failure(self.plan, heard) or ssh_failure(self.plan, heard)

    def release(self) -> None:
        """End the session; from here on no word of the client reaches the repository."""
        self.channel.end()

    def audit(self, voice: Voice) -> None:
        """Look whether the client did something in its session that the failure of its Borg only hides."""
        self.guard.insist_unchanged()
        try:
            archives = self._archives()
        except Failure as failure:
            if failure.reason is Reason.TAMPERING:
                raise
            voice.note(f"the repository could not be compared with the ledger: {failure.message}", "warning")
            return
        ledger.insist_complete(self.plan, archives)

    def created(self, heard: Heard) -> output.Created:  # noqa: ARG002 - the client's own report is not believed
        """End the session, then ask the repository itself: what is new in it, and is all that was known still there."""
        self.release()
        self.guard.insist_unchanged()
        ledger.insist_complete(self.plan, self._archives())
        insist_filled(self.plan)
        created = repository.describe(self.plan)
        insist(gates.time_gate(self.plan, created.archive.started))
        return created

    def _archives(self) -> tuple[ListedArchive, ...]:
        """List what is there after a session; that it opened before, and does not now, is the client's doing."""
        try:
            return repository.look(self.plan).archives
        except Failure as failure:
            if failure.reason not in _DAMAGED:
                raise
            raise Failure(
                Reason.TAMPERING,
                f"The repository opened before the session of {self.plan.client} and does not any more: "
                f"{failure.message} `borgpull repair {self.plan.client}` shows how far it can be rolled back.",
            ) from failure


_DAMAGED = (Reason.REPOSITORY, Reason.INTEGRITY, Reason.PASSPHRASE, Reason.REPLAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the client's shell does: enter a folder (`where`, shell words) and run Borg there.

    `build` gets Borg's base folder on the client, and what it calls in place of ssh. `told` is what others there must
    not see: each text becomes a file in the run's folder, and its key the variable that holds the file's path.
    """

    where: str
    build: Callable[[str, str], Command]
    told: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def borg_on_the_client(
    plan: RunPlan, contact: Contact, workplace: Workplace, voice: Voice, asked: Asked | None = None
) -> Iterator[OnClient]:
    """Open the way for as long as the block lasts; afterwards nothing of it is left on either side.

    `asked` is what Borg is to do there: `create` where nothing is said, or the operator's own command.
    """
    asked = asked or what_is_asked(plan)
    guard = Guard(plan)
    try:
        with channel(plan, workplace, contact, voice) as opened:
            put_files(contact.control(), workplace, {**opened.files, **asked.told})
            Path(places.SSH_CONFIG).write_text(ssh_config(plan, opened.ssh_options), "utf-8")
            command = remote_command(asked, workplace, opened)
            Path(places.REMOTE_COMMAND).write_text(command, "utf-8")
            yield OnClient(plan=plan, workplace=workplace, channel=opened, guard=guard)
    finally:
        guard.put_back(voice)


def remote_command(asked: Asked, workplace: Workplace, opened: Channel) -> str:
    """Return what the client's shell runs: Borg, with the passphrase from its standard input, then the cleaning.

    Nothing secret stands in it, since other users of the client see arguments and, on some systems, environments.
    """
    command = asked.build(workplace.base, opened.rsh)
    told = {key: f"{workplace.folder}/{key}" for key in asked.told}
    environment = {**command.env, "PATH": workplace.path, **told}
    exports = [f"export {key}={shlex.quote(value)}" for key, value in environment.items()]
    script = "; ".join(
        [
            asked.where,
            "umask 077",
            # The passphrase under a number of its own: what Borg starts must not find it as its standard input.
            "exec 9<&0 </dev/null",
            *exports,
            *opened.checks,
            shlex.join(command.argv),
            "code=$?",
            f"rm -rf {shlex.quote(workplace.folder)}",
            "exit $code",
        ]
    )
    return f"exec /bin/sh -c {shlex.quote(script)}"


def what_is_asked(plan: RunPlan) -> Asked:
    """Return what a plan without a restore asks for: an archive, or the operator's own command."""
    if plan.operation == BY_HAND:
        return Asked(where="cd", build=lambda base, rsh: by_hand.on_client(plan.arguments, base=base, rsh=rsh))
    return Asked(
        where="cd / || exit 126",
        build=lambda base, rsh: create_on_client(plan, base=base, rsh=rsh),
        told={STREAM: plan.stream_command} if plan.stream_command else {},
    )


def clear_up(contact: Contact, workplace: Workplace, voice: Voice) -> None:
    """Remove the run's folder on the client; not being able to is a note, since the next run tries again."""
    try:
        clear(contact.control(), workplace)
    except Failure as failure:
        voice.note(f"{workplace.folder} stays on the client until the next run: {failure.message}", "warning")


def _insist_on(path: str, seen: str) -> None:
    if seen.startswith("link "):
        target = seen.removeprefix("link ")
        raise Failure(
            Reason.SOURCE_MISSING, f"The path {path} is a link to {target!r}; name the real folder in `paths`."
        )
    if seen == "missing":
        raise Failure(Reason.SOURCE_MISSING, f"The path {path} does not exist on the client.")
    if seen == "unreadable":
        raise Failure(Reason.SOURCE_MISSING, f"The folder {path} may not be read by this user.")
