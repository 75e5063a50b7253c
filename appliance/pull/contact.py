"""The control connection of a whole run: made when it is first needed, and made anew when it has broken meanwhile."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Self

from appliance.pull.failure import Failure
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.control import Control

_TRY_AGAIN_SECONDS = 2.0


class Contact:
    """One client's control connection, for as long as the `with` block lasts."""

    def __init__(self, plan: RunPlan) -> None:
        """Nothing is connected yet."""
        self._plan = plan
        self._stack = ExitStack()
        self._control: Control | None = None
        self._at_the_end: list[Callable[[], None]] = []
        self._patient_until = time.monotonic() + plan.patience

    def __enter__(self) -> Self:
        """Begin; still nothing is connected."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do what is left to do, the last thing first, and hang up."""
        try:
            while self._at_the_end:
                self._at_the_end.pop()()
        finally:
            self.close()

    def at_the_end(self, act: Callable[[], None]) -> None:
        """Do this before hanging up, whatever happens until then."""
        self._at_the_end.append(act)

    def control(self) -> Control:
        """Return the connection, open; raises Failure when the client cannot be reached."""
        if self._control is None or not self._control.is_open:
            self.close()
            self._control = self._connected()
        return self._control

    def _connected(self) -> Control:
        """Connect; a client that was woken for this run is waited for, but not a second time once it was there."""
        # Fabric takes 0.4 s to import; meanwhile Borg opens the repository, and a host's folder never needs it.
        from appliance.pull.control import connected  # noqa: PLC0415

        while True:
            try:
                control = self._stack.enter_context(connected(self._plan))
            except Failure as failure:
                if failure.reason is not Reason.UNREACHABLE or time.monotonic() >= self._patient_until:
                    raise
                time.sleep(_TRY_AGAIN_SECONDS)
            else:
                self._patient_until = 0.0
                return control

    def close(self) -> None:
        """Hang up; that it was broken already is no news here."""
        self._control = None
        with suppress(Failure):
            self._stack.close()
