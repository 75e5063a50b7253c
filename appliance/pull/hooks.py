"""Commands on the client around a pull: `before` before the method opens, `after` when it is closed, whatever happened.

`before` runs in the order of the configuration and `after` from the last to the first: what was done first is undone
last. As soon as the first `before` was started every `after` runs, so each must bear that there is nothing to undo.
"""

from __future__ import annotations

import select
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from appliance.pull import hook_script, link
from appliance.pull.failure import Failure, stopped
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from appliance.plan.events import Result
    from appliance.plan.run_plan import PlannedHook, RunPlan
    from appliance.pull.contact import Contact
    from appliance.pull.ends import Ends
    from appliance.pull.execute import Finished
    from appliance.pull.voice import Voice

_LOOK_SECONDS = 30
# The root half ends a run that was stopped after 75 seconds, and Borg may have had most of them.
_AFTER_A_STOP_SECONDS = 20
_STOPS = (Reason.STOPPED, Reason.TIMEOUT, Reason.STALLED, Reason.KILLED)
_LOST = (Reason.CONNECTION_LOST, Reason.STALLED)


@dataclass(slots=True)
class Hooks:
    """The hooks of one run, and the sentences of those that did not work without ending it."""

    plan: RunPlan
    contact: Contact
    ends: Ends
    voice: Voice
    warnings: list[str] = field(default_factory=list)
    _stopped: str = ""
    _last_beat: float = 0.0
    _until: float = 0.0

    def check(self) -> None:
        """Insist that the client would run hooks, and run none; raises Failure."""
        if not (self.plan.before or self.plan.after):
            return
        finished = self.contact.control().run(hook_script.can_run_script(), timeout_seconds=_LOOK_SECONDS)
        if hook_script.ended(finished).code is None:
            raise Failure(Reason.HOOK, _NO_COMMANDS.format(self.plan.client))

    def before(self) -> None:
        """Run every hook that comes before; raises Failure where one fails that must work."""
        for hook in self.plan.before:
            self.voice.step("before")
            sentence = self._run("before", hook, hook.timeout, "running", self._listen)
            if self._stopped:
                raise stopped(self._stopped)
            if sentence and hook.must_work:
                raise Failure(Reason.HOOK, sentence)
            if sentence:
                self._warn(sentence)

    def after(self, outcome: Outcome, reason: Reason | None) -> None:
        """Run every hook that comes after; none of them can make an outcome bad, and none is left out."""
        if reason in _STOPS:
            self._hurry()
        if self.plan.after and reason in _LOST:
            # It would take long to notice that the old connection is gone too.
            self.contact.close()
        for hook in reversed(self.plan.after):
            self.voice.step("after")
            try:
                sentence = self._after(hook, outcome)
            except Failure as failure:
                self._warn(f"The after hook {_shown(hook)} (and what follows) could not run: {failure.message}")
                return
            if sentence:
                self._warn(sentence)

    def _after(self, hook: PlannedHook, outcome: Outcome) -> str:
        """Run one of them, over a new connection where the old one has broken; return what is to be said of it."""
        try:
            return self._run("after", hook, self._left(hook), outcome.value, self._is_over)
        except Failure:
            self.contact.close()
            return self._run("after", hook, self._left(hook), outcome.value, self._is_over)

    def _left(self, hook: PlannedHook) -> int:
        return min(hook.timeout, max(1, int(self._until - time.monotonic()))) if self._until else hook.timeout

    def told(self, result: Result) -> Result:
        """Return the result with what the hooks have to say in it."""
        if not self.warnings:
            return result
        # Names that lack, lack every night; what a hook has to say must not hide behind that.
        comes_first = result.reason in (None, Reason.OWNERS)
        return replace(
            result,
            outcome=Outcome.WARNING,
            reason=Reason.HOOK if comes_first else result.reason,
            message=f"{self.warnings[0]} {result.message}".strip() if comes_first else result.message,
            warnings=(*self.warnings, *result.warnings),
            warning_count=result.warning_count + len(self.warnings),
        )

    def told_in(self, failure: Failure) -> Failure:
        """Return the failure with what the hooks have to say among its warnings."""
        return Failure(
            failure.reason,
            failure.message,
            code=failure.code,
            warnings=(*self.warnings, *failure.warnings),
            count=failure.count + len(self.warnings),
        )

    def _run(self, when: str, hook: PlannedHook, seconds: int, outcome: str, give_up: Callable[[], bool]) -> str:
        """Run one hook; return "" or the sentence that says why it did not work. Raises Failure for anything else."""
        environment = {
            "BORGPULL_CLIENT": self.plan.client,
            "BORGPULL_RUN": self.plan.run_id,
            "BORGPULL_OUTCOME": outcome,
        }
        script = hook_script.hook_script(hook.command, seconds=seconds, environment=environment)
        control = self.contact.control()
        began = time.monotonic()
        limit = seconds + hook_script.PATIENCE_SECONDS
        finished = control.run(script, timeout_seconds=limit, give_up=give_up)
        if finished.code == hook_script.GIVEN_UP:
            self._end(finished)
        end = hook_script.ended(finished)
        said = f"; it said: {end.last_line}" if end.last_line else ""
        named = f"The {when} hook {_shown(hook)}"
        if end.code is None:
            return f"{named} could not run: {_NO_COMMANDS.format(self.plan.client)}"
        if end.code == hook_script.CONNECTION_BROKE:
            raise Failure(Reason.CONNECTION_LOST, f"The connection to {self.plan.client} broke during a hook{said}.")
        if end.code == hook_script.GIVEN_UP or time.monotonic() - began >= seconds:
            return f"{named} took longer than its {seconds} s and was ended{said}."
        return f"{named} failed with exit code {end.code}{said}." if end.code else ""

    def _end(self, finished: Finished) -> None:
        """End on the client what we no longer wait for."""
        script = hook_script.kill_script(finished)
        if script:
            self.contact.control().run(script, timeout_seconds=_LOOK_SECONDS)

    def _live(self) -> bool:
        """Tell the root half that we live, about once a second."""
        now = time.monotonic()
        if now - self._last_beat >= 1:
            self._last_beat = now
            self.ends.control.beat()
        return False

    def _is_over(self) -> bool:
        """Hear whether the root half ends the run meanwhile: then what is left of the hooks has little time."""
        if not self._until and self._listen():
            self._hurry()
        self._live()
        return bool(self._until) and time.monotonic() > self._until

    def _hurry(self) -> None:
        self._until = time.monotonic() + _AFTER_A_STOP_SECONDS

    def _listen(self) -> bool:
        """Hear also whether the root half wants us to stop."""
        self._live()
        if select.select([self.ends.control], [], [], 0)[0]:
            said = self.ends.control.hear()
            if said is None:
                self._stopped = Reason.KILLED.value
            elif said.word == link.STOP:
                self._stopped = said.note
        return bool(self._stopped)

    def _warn(self, sentence: str) -> None:
        self.warnings.append(sentence)
        self.voice.note(sentence, "warning")


@contextmanager
def hooks(plan: RunPlan, contact: Contact, ends: Ends, voice: Voice) -> Iterator[Hooks]:
    """Run `before`, then the block, then `after`, also when the block or a `before` fails."""
    found = Hooks(plan, contact, ends, voice)
    try:
        found.before()
        yield found
    except Failure as failure:
        found.after(failure.result().outcome, failure.reason)
        raise found.told_in(failure) from failure
    except BaseException:
        found.after(Outcome.FAILED, Reason.INTERNAL)
        raise
    found.after(Outcome.WARNING if found.warnings else Outcome.SUCCESS, None)


_NO_COMMANDS = (
    "{0} lets the key run no command, so no hook can run; `borgpull client setup {0}` prints a line for its "
    "authorized_keys that does."
)
_LONGEST_COMMAND = 80


def _shown(hook: PlannedHook) -> str:
    command = " ".join(hook.command.split())
    return repr(command if len(command) <= _LONGEST_COMMAND else f"{command[:_LONGEST_COMMAND]}…")
