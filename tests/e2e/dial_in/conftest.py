from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.dialling import Dialler, FarSide, add_client_that_dials_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """Two clients, a laptop and a cabin, that the appliance cannot reach; both have dialled in."""

    far: FarSide
    appliance: ApplianceUnderTest
    laptop: Dialler
    cabin: Dialler


@pytest.fixture(scope="session")
def far(lab: Lab) -> Iterator[FarSide]:
    side = FarSide(lab)
    yield side
    side.close()


@pytest.fixture(scope="session")
def remote(lab: Lab, far: FarSide) -> Iterator[Remote]:
    under_test = far.appliance()
    under_test.create()
    dialled = {name: _dialled(under_test, name, far.machine()) for name in ("laptop", "cabin")}
    yield Remote(far=far, appliance=under_test, **dialled)
    lab.sweep(f"{under_test.name}-")


def _dialled(appliance: ApplianceUnderTest, name: str, machine: Machine) -> Dialler:
    add_client_that_dials_in(appliance, name, machine)
    dialler = Dialler(appliance, name, machine)
    dialler.set_up()
    dialler.dial()
    appliance.borgpull("client", "trust", name, "--yes")
    return dialler
