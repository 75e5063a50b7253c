"""One Borg command of an operator on a client, through the client's channel; what it prints goes out as it comes."""

from __future__ import annotations

import os
import selectors
from typing import TYPE_CHECKING

from appliance.borg import exits
from appliance.plan.events import Result
from appliance.pull import ledger, link, repository
from appliance.pull.contact import Contact
from appliance.pull.failure import Failure, stopped
from appliance.pull.methods.on_client import borg_on_the_client
from appliance.pull.methods.opened import connect
from appliance.pull.methods.ssh_failure import ssh_failure
from appliance.pull.watch import Heard
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.ends import Ends
    from appliance.pull.voice import Voice

_CHUNK = 65536
_LAST_BYTES = 2000


def carry_out(plan: RunPlan, ends: Ends, voice: Voice) -> Result:
    """Run the command of the plan's arguments on the client, and look at the repository as after any run."""
    with Contact(plan) as contact:
        repository.break_dead_locks(plan, voice)
        repository.look(plan)
        met = connect(plan, contact, voice)
        if met.workplace is None:
            raise Failure(Reason.INTERNAL, f"No Borg runs on {plan.client}: its method is {plan.method}.")
        ends.control.beat()
        with borg_on_the_client(plan, contact, met.workplace, voice) as opened:
            ends.control.say(link.CREATE)
            heard = _Passing(ends, voice).until_the_end()
            opened.release()
            repository.break_dead_locks(plan, voice)
            opened.guard.insist_unchanged()
            ledger.insist_complete(plan, repository.look(plan).archives)
            if heard.stopped:
                raise stopped(heard.stopped)
            if failure := opened.channel.explain(heard) or ssh_failure(plan, heard):
                raise failure
    return _judged(plan, heard.code)


def _judged(plan: RunPlan, code: int) -> Result:
    if code == 0:
        return Result(outcome=Outcome.SUCCESS, exit_code=0)
    said = f"`borg {plan.arguments[0]}` on {plan.client} ended with exit code {code}"
    if exits.is_warning(code):
        return Result(outcome=Outcome.WARNING, message=f"{said}, a warning.", warning_count=1, exit_code=code)
    raise Failure(exits.reason_of(code), f"{said}; what it said is above.", code=code)


class _Passing:
    """Reads both pipes of Borg and the link until Borg has ended; every byte of the pipes goes out.

    Each event says how many bytes have gone out with it, and the last one that it is the last: what is written faster
    than it is read is lost in the engine's log, which nobody would notice otherwise.
    """

    def __init__(self, ends: Ends, voice: Voice) -> None:
        self._ends, self._voice = ends, voice
        self._heard = Heard()
        self._ended = False
        self._so_far = 0

    def until_the_end(self) -> Heard:
        with selectors.DefaultSelector() as selector:
            for source in (self._ends.stdout, self._ends.stderr, self._ends.control):
                selector.register(source, selectors.EVENT_READ)
            # Silence is no sign of anything here: a check may be silent for hours.
            while len(selector.get_map()) > 1 or not self._ended:
                for key, _ in selector.select(1):
                    if not self._take(key.fileobj):
                        selector.unregister(key.fileobj)
                self._ends.control.beat()
        self._voice.data({"so_far": self._so_far, "is_all": True})
        return self._heard

    def _take(self, source: object) -> bool:
        if source is self._ends.control:
            return self._take_word()
        name, number = ("out", self._ends.stdout) if source == self._ends.stdout else ("err", self._ends.stderr)
        chunk = os.read(number, _CHUNK)
        if chunk:
            # A letter a byte: an archive on standard output is no text.
            self._so_far += len(chunk)
            self._voice.data({name: chunk.decode("latin-1"), "so_far": self._so_far})
        if name == "err":
            self._heard.last_error = (self._heard.last_error + chunk.decode("utf-8", "replace"))[-_LAST_BYTES:]
        return bool(chunk)

    def _take_word(self) -> bool:
        said = self._ends.control.hear()
        match said.word if said else "":
            case link.CREATED:
                self._ended, self._heard.code = True, int(said.note) if said else 0
            case link.STOP:
                self._heard.stopped = said.note if said else ""
            case "":
                self._ended, self._heard.stopped = True, Reason.KILLED.value
                return False
            case _:
                pass
        return True
