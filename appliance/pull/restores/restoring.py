"""One archive onto one client by SFTP, from the first member to the last folder's time."""

from __future__ import annotations

from contextlib import suppress
from typing import IO, TYPE_CHECKING

from appliance.borg.export import folders_on_the_way
from appliance.pull.failure import Failure
from appliance.pull.restores import target as targets
from appliance.pull.restores.filing import Filing
from appliance.pull.restores.folders import Folders
from appliance.pull.restores.linking import Linking
from appliance.pull.restores.members import safe_parts
from appliance.pull.restores.placing import Placing
from appliance.pull.restores.report import Report
from appliance.pull.restores.standing import Standing
from appliance.pull.sftp.session import HungUp
from appliance.record import Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.restores.export import Export
    from appliance.pull.restores.members import Member, Owners
    from appliance.pull.restores.target import Target
    from appliance.pull.sftp.session import Session
    from appliance.pull.voice import Voice
    from appliance.record import RestoreOrder


class Restoring:
    """Writes what an export gives; `report` says what became of it."""

    def __init__(
        self, plan: RunPlan, order: RestoreOrder, session: Session, target: Target, owners: Owners, voice: Voice
    ) -> None:
        """Nothing is written yet."""
        self._client, self._session, self._target, self._voice = plan.machine, session, target, voice
        self._owners = owners
        self.report = Report()
        self._folders = Folders(session, self.report, owners, target.path, looks=order.in_place or order.resume)
        self._filing = Filing(session, self._folders, owners, self.report, plan.run_id)
        self._placing = Placing(
            session,
            self._folders,
            self._filing,
            Linking(session, self._filing, owners, self.report),
            self.report,
            on_the_way=frozenset(filter(None, map(safe_parts, folders_on_the_way(order.paths)))),
            standing=Standing(session, self.report) if order.resume else None,
        )
        self._takes_root = order.in_place

    def until_the_end(self, export: Export) -> Report:
        """Write everything; whatever ends it before, nothing half written stays where the client can be reached.

        Raises Failure.
        """
        try:
            for member, content in export.members():
                self._put(member, content)
            self._session.settle()
            self._folders.close()
            self._insist_room()
        except Failure:
            with suppress(Failure, HungUp):
                self._filing.clear_up()
            raise
        self._add(export)
        return self.report

    def _put(self, member: Member, content: IO[bytes] | None) -> None:
        # The archive's root says how the client's `/` was, which is nothing to a folder made for a restore.
        if member.parts != () or self._takes_root:
            self._placing.put(member, content)
        self._insist_room()
        report = self.report
        self._voice.progress(files=report.files, original_size=report.size, deduplicated_size=0, path=member.path)

    def _insist_room(self) -> None:
        if self.report.is_room_doubtful:
            self.report.is_room_doubtful = False
            targets.insist_room(self._session, self._target, self._client)

    def _add(self, export: Export) -> None:
        if self._owners.strangers:
            unknown = ", ".join(sorted(self._owners.strangers))
            self.report.warn(
                f"nobody on {self._client} has these names; what was theirs has its old numbers: {unknown}"
            )
        if self._owners.by_name and self.report.files and not self._owners.is_named:
            self.report.warn("the archive holds no names of owners; everything has the numbers that it holds")
        for path in export.unmatched:
            self.report.not_restored(path, "it is not in the archive")
        for path in export.damaged:
            self.report.not_restored(path, "its content is damaged in the repository")
        for warning in export.warnings:
            self.report.warn(warning)
        if failure := self._failure(export):
            raise Failure(*failure, warnings=self.report.warnings(), count=self.report.warning_count, code=export.code)

    def _failure(self, export: Export) -> tuple[Reason, str] | None:
        report = self.report
        if export.damaged:
            return Reason.INTEGRITY, (
                f"{len(export.damaged)} files are damaged in the repository, the first is {export.damaged[0]}. The "
                f"other {report.files} are on {self._client}. An older archive may have the damaged ones whole."
            )
        if export.unmatched and not report.files:
            return Reason.NOT_FOUND, (
                f"{export.archive} holds nothing at {', '.join(export.unmatched)}; nothing was changed."
            )
        if report.missing and not report.files:
            return Reason.TARGET, f"Nothing could be restored onto {self._client}: {report.warnings()[-1]}."
        return None
