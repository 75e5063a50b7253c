"""Way `local` into a folder of this server: `borg extract`, pass after pass around what is damaged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from appliance.borg import exits
from appliance.borg.extract import extract
from appliance.plan import places
from appliance.pull import repository
from appliance.pull.execute import PIPE
from appliance.pull.failure import Failure, stopped
from appliance.pull.restores.listening import Listening, Told, borg_running
from appliance.pull.restores.restored import Restored
from appliance.pull.restores.standing_here import (
    as_patterns,
    drop_half,
    drop_halves,
    open_folders,
    unfit_members,
    whole_files,
)
from appliance.record import Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.ends import Ends
    from appliance.pull.voice import Voice
    from appliance.record import RestoreOrder

_ROOT = Path(places.TARGET)
# Each costs one more pass over the archive's list; a repository with more is to be repaired first.
_MOST_DAMAGED = 100


def restore_into_folder(plan: RunPlan, order: RestoreOrder, ends: Ends, voice: Voice) -> Restored:
    """Extract everything that can be; raises Failure, at damage only after all the rest is there."""
    return _Folder(plan, order, ends, voice).fill()


class _Folder:
    """One restore. Every pass leaves out what an earlier one has finished, and what turned out to be damaged."""

    def __init__(self, plan: RunPlan, order: RestoreOrder, ends: Ends, voice: Voice) -> None:
        self._plan, self._order, self._ends, self._voice = plan, order, ends, voice
        self._damaged: list[str] = []
        self._unfit: dict[str, str] = {}
        self._has_screened = False
        self._warnings: list[str] = []
        self._warning_count = 0
        self._whole: tuple[str, ...] = ()

    def fill(self) -> Restored:
        """Go on until a pass comes to its end."""
        if self._order.resume:
            self._look_again(names_filled=True)
        while True:
            told = self._one_pass()
            if told.code == 0 or (exits.is_warning(told.code) and not told.is_full):
                return self._ended(told)
            drop_half(_ROOT, told.last)
            self._leave_out(told)
            self._look_again()

    def _look_again(self, *, names_filled: bool = False) -> None:
        open_folders(_ROOT)
        try:
            self._whole = whole_files(self._plan, self._order, _ROOT, names_filled=names_filled)
        except Failure as failure:
            # What stops Borg in the middle of an archive may also stop it listing that archive.
            self._voice.note(f"everything is brought again: {failure.message}", "warning")
            self._whole = ()
        self._ends.control.beat()

    def _one_pass(self) -> Told:
        # In a file, since the kernel bounds what a command line can hold.
        known = Path(places.CACHE / "restore.whole")
        known.write_text(as_patterns(self._whole), "utf-8")
        command = extract(
            self._plan,
            self._order.archive,
            self._order.paths,
            without=(*self._damaged, *self._unfit),
            without_file=str(known) if self._whole else "",
        )
        try:
            with borg_running(command, stdout=PIPE, directory=str(_ROOT)) as process:
                told = Listening(self._ends.control, self._voice).until_the_end(process)
        finally:
            known.unlink()
        for warning in told.warnings:
            self._keep(warning)
        self._warning_count += told.warning_count - len(told.warnings)
        return told

    def _keep(self, warning: str) -> None:
        self._warning_count += 1
        self._warnings.append(warning)

    def _leave_out(self, told: Told) -> None:
        """Go on without what Borg failed over, where that is one member, and it said which; raises Failure."""
        if told.stopped:
            raise self._failed(stopped(told.stopped), told)
        if told.is_full:
            self._drop_halves()
            raise self._failed(Failure(Reason.TARGET, _FULL.format(self._order.target)), told)
        reason = exits.reason_of(told.code)
        is_new = told.last and told.last not in self._damaged and len(self._damaged) < _MOST_DAMAGED
        if reason is Reason.INTEGRITY and is_new:
            self._damaged.append(told.last)
        elif reason is Reason.INTERNAL and not self._has_screened:
            # Borg ends at what no honest Borg makes; one such member must not keep all the others back.
            self._has_screened, self._unfit = True, unfit_members(self._plan, self._order)
        else:
            raise self._failed(repository.borg_failure(self._plan, told.code, told.stderr), told)

    def _drop_halves(self) -> None:
        try:
            drop_halves(self._plan, self._order, _ROOT)
        except Failure as failure:
            self._keep(f"files may be cut off, for it cannot be told which are whole: {failure.message}")

    def _ended(self, told: Told) -> Restored:
        for path in told.unmatched:
            self._keep(f"{path}: not restored: it is not in the archive")
        for path, why in self._unfit.items():
            self._keep(f"{path}: not restored: {why}")
        for path in self._damaged:
            self._keep(f"{path}: not restored: its content is damaged in the repository")
        files = told.files + len(self._whole)
        if self._damaged:
            sentence = _DAMAGED.format(len(self._damaged), self._damaged[0], files, self._order.target)
            raise self._failed(Failure(Reason.INTEGRITY, sentence), told)
        if told.unmatched and not files:
            sentence = _NOTHING.format(self._order.archive, ", ".join(told.unmatched))
            raise self._failed(Failure(Reason.NOT_FOUND, sentence), told)
        return Restored(
            files=files,
            size=told.size,
            warnings=tuple(self._warnings),
            warning_count=self._warning_count,
            code=told.code,
        )

    def _failed(self, failure: Failure, told: Told) -> Failure:
        return Failure(
            failure.reason, failure.message, code=told.code, warnings=tuple(self._warnings), count=self._warning_count
        )


_FULL = (
    "The disk of {0} is full. What stands there is whole, the rest is missing: make room, then the same command with "
    "`--to {0} --resume` goes on."
)
_DAMAGED = (
    "{0} files are damaged in the repository, the first is {1}. The other {2} files and folders are in {3}. An older "
    "archive may have the damaged ones whole."
)
_NOTHING = "{0} holds nothing at {1}; nothing was restored."
