"""The test tree on the client, for as long as a block lasts: made by a key that may write there, and always removed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from appliance.plan.fidelity import PARENT
from appliance.pull.contact import Contact
from appliance.pull.failure import Failure
from appliance.pull.fidelity.by_sftp import ByHand
from appliance.pull.fidelity.made import Planted
from appliance.pull.fidelity.script import plant_script, uproot_script
from appliance.pull.methods.workplace import said_of, tag
from appliance.pull.sftp.opened import sftp
from appliance.pull.sftp.session import HungUp
from appliance.record import Reason, RestoreOrder, Way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.ends import Ends
    from appliance.pull.voice import Voice

_LIMIT_SECONDS = 120
_SHUT = (
    "Nothing was put on {0}: its pull key only reads, and the restore key, which may write, is shut out. `borgpull "
    "client setup {0} --restore --way tar --hours 1` prints what to paste there to open it; then ask again."
)
_NO_SHELL = "The shell of {0} did not make the test tree ({1})."
_LOST = "The connection to {0} broke while the test tree was made there; the next card removes what stands of it."


@contextmanager
def planted(plan: RunPlan, ends: Ends, voice: Voice) -> Iterator[Planted]:
    """Make the tree, and remove it whatever happens; raises Failure where it cannot be made.

    By the client's shell, where the key may run one, else the smaller part that SFTP can make.
    """
    plot = _Plot.of(plan)
    with Contact(plot.planting) as contact:
        try:
            has_shell = _has_shell(contact)
        except Failure as failure:
            if failure.reason is not Reason.RESTORE_KEY:
                raise
            raise Failure(Reason.RESTORE_KEY, _SHUT.format(plan.client)) from failure
        if has_shell:
            with plot.by_shell(contact, voice) as made:
                yield made
            return
    if not plot.planting.writes_on_the_client:
        raise Failure(Reason.CLIENT_TOOLS, _NO_SHELL.format(plan.client, "it runs no command"))
    with plot.by_sftp(ends, voice) as made:
        yield made


def _has_shell(contact: Contact) -> bool:
    try:
        finished = contact.control().run("echo borgpull:shell=yes\n", timeout_seconds=_LIMIT_SECONDS)
    except Failure as failure:
        # What lets no command run may still speak SFTP.
        if failure.reason is not Reason.AUTH:
            raise
        return False
    return "shell" in said_of(finished.stdout)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plot:
    """Where the tree goes, by which login, and in which folders an older one may stand."""

    plan: RunPlan
    planting: RunPlan
    tree: str
    parents: tuple[str, ...]

    @classmethod
    def of(cls, plan: RunPlan) -> _Plot:
        key, *folders = plan.arguments
        order = RestoreOrder(archive="", way=Way.TAR)
        (tree,) = plan.paths
        return cls(
            plan=plan,
            planting=replace(plan, restore=order) if key == "restore" else plan,
            tree=tree,
            parents=tuple(dict.fromkeys((str(PurePosixPath(tree).parent), *folders, PARENT))),
        )

    @contextmanager
    def by_shell(self, contact: Contact, voice: Voice) -> Iterator[Planted]:
        contact.at_the_end(lambda: self._uproot(contact, voice))
        script = plant_script(tag(self.plan), self.tree, self.parents)
        finished = contact.control().run(script, timeout_seconds=_LIMIT_SECONDS)
        said = said_of(finished.stdout)
        if "failed" in said:
            raise Failure(
                Reason.TARGET, f"{said['failed']} on {self.plan.client}; name another folder there with --at."
            )
        if "done" not in said:
            words = " ".join((finished.stderr or finished.stdout).split())[-200:] or "it said nothing"
            raise Failure(Reason.CLIENT_TOOLS, _NO_SHELL.format(self.plan.client, words))
        yield Planted.from_said(said)

    def _uproot(self, contact: Contact, voice: Voice) -> None:
        script = uproot_script(tag(self.plan), self.tree, self.parents)
        try:
            finished = contact.control().run(script, timeout_seconds=_LIMIT_SECONDS)
        except Failure as failure:
            self._tell(voice, is_gone=False, why=failure.message)
        else:
            is_gone = "gone" in said_of(finished.stdout)
            self._tell(voice, is_gone=is_gone, why=" ".join(finished.stderr.split())[-200:])

    @contextmanager
    def by_sftp(self, ends: Ends, voice: Voice) -> Iterator[Planted]:
        with sftp(self.planting, ends) as session:
            hands = ByHand(session, self.tree)
            try:
                yield self._planted_by_sftp(hands)
            finally:
                try:
                    self._tell(voice, is_gone=hands.uproot(), why="")
                except (HungUp, Failure) as error:
                    self._tell(voice, is_gone=False, why=str(error))

    def _planted_by_sftp(self, hands: ByHand) -> Planted:
        try:
            made = hands.plant(self.plan.client)
            for parent in self.parents:
                hands.sweep(parent, f"borgpull-fidelity.{tag(self.plan)}.")
        except HungUp as error:
            raise Failure(Reason.CONNECTION_LOST, _LOST.format(self.plan.client)) from error
        return made

    def _tell(self, voice: Voice, *, is_gone: bool, why: str) -> None:
        """Tell whether the tree is gone; that it is not is a note, since the next card tries again."""
        voice.data({"tree": self.tree, "gone": is_gone})
        if not is_gone:
            words = why or "nobody said why"
            voice.note(f"{self.tree} stays on {self.plan.client} for now: {words}", "warning")
