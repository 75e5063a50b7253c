"""The promise: whatever is killed at whatever moment, no archive is lost, nothing is left, and the next pull works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.torture.torture import torture

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab

# The five of this seed: ssh, the supervisor, Borg and the connection in a pull, and PID 1 in a prune.
_SEED, _CRASHES = 46, 5


@pytest.mark.timeout(1200)
def test_a_short_set_of_crashes_is_survived(lab: Lab) -> None:
    said: list[str] = []

    tally = torture(lab, _SEED, _CRASHES, said.append)

    assert str(tally) == f"faults survived {_CRASHES} / archives lost 0 / things left behind 0", "\n".join(said)
    assert tally.is_good
