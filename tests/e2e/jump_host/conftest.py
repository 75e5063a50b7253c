"""Three machines in a row, the last one of an older Debian, and an appliance that sees the first one only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.hidden import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab

# Three logins one after the other take their time on a busy machine.
_LIMITS = 'connection_timeout = "20s"\nstall_timeout = "60s"\n'


@pytest.fixture(scope="package")
def row(lab: Lab) -> Iterator[Row]:
    machines = Row(lab, "none", "", "", last="bookworm")
    yield machines
    machines.close()


@pytest.fixture(scope="package")
def outsider(lab: Lab) -> Iterator[ApplianceUnderTest]:
    under_test = ApplianceUnderTest(lab)
    under_test.write_config(under_test.read("/config/borgpull.toml") + _LIMITS)
    under_test.create()
    yield under_test
    lab.sweep(f"{under_test.name}-")
