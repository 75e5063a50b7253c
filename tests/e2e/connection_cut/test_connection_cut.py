"""The promise: wherever the connection is cut, the run fails for the right reason, and nothing half done counts."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.e2e.harness.outside import outside_archives
from tests.e2e.harness.troubled import assert_told

if TYPE_CHECKING:
    from tests.e2e.harness.troubled import TroubledClient

# Bytes from the server until the cut: in the greeting, the login, SFTP's first answers, and among the data.
_RANGES = ((30, 900), (1_500, 2_500), (3_000, 6_000), (200_000, 8_000_000))


def test_a_cut_at_any_byte_keeps_nothing(either: TroubledClient) -> None:
    chance = random.Random(20261123)  # noqa: S311 - the same bytes each time is the point
    for low, high in _RANGES:
        either.renew()
        count = chance.randrange(low, high)
        either.proxy.tell("cut", count)

        run = either.run()

        reason = either.appliance.last_run(either.name)["reason"]
        assert reason in ("unreachable", "connection_lost"), (count, reason, run.stdout)
        assert_told(either.appliance, either.name, run, reason)
        # Nothing but the greeting can make a machine unreachable, and nothing but the middle lose its data.
        assert reason != ("connection_lost" if low < 1_000 else "unreachable" if low > 100_000 else ""), count
    assert outside_archives(either.appliance, either.name) == either.archives
    either.recovers()
