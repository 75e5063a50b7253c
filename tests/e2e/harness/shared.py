"""One appliance and one machine of each kind, for tests that leave both as they found them: starting costs time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.machine import Machine

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab


class Shared:
    """Started at the first question; each test adds clients of names of its own."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._appliance: ApplianceUnderTest | None = None
        self._machines: dict[str, Machine] = {}

    @property
    def appliance(self) -> ApplianceUnderTest:
        """The appliance; no test may change its settings or stop it."""
        if self._appliance is None:
            self._appliance = ApplianceUnderTest(self.lab)
            self._appliance.create()
        return self._appliance

    def machine(self, kind: str) -> Machine:
        """The machine of that kind; no test may change what it holds outside of folders of the test's own."""
        if kind not in self._machines:
            self._machines[kind] = Machine(self.lab, kind)
        return self._machines[kind]
