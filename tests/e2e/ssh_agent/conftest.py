"""Where the machines of the lab reach the engine's host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.callback import free_address

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab


@pytest.fixture
def callback(lab: Lab) -> str:
    """Return an address with a port of the engine's host that nobody has."""
    return free_address(lab.network)
