"""The promise: a volume that turned read-only fails a run with one sentence, and writable again it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.tmpfs import set_writable, tmpfs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.pulling import Pulling


@pytest.fixture(scope="module")
def shared_appliance(lab: Lab) -> Iterator[ApplianceUnderTest]:
    under_test = ApplianceUnderTest(lab, volumes={"repos": tmpfs(lab, size="2G")})
    under_test.create()
    yield under_test
    lab.sweep(f"{under_test.name}-")


def test_a_read_only_volume_is_told_and_left_alone_until_it_is_writable(pulling: Pulling) -> None:
    pulling.assert_next_run_is_good()
    set_writable(pulling.appliance.supervisor, "/repos", writable=False)

    seen = pulling.run()

    pulling.assert_nothing_counts(
        seen, code=3, outcome="failed", reason="read_only", sentence="/repos is mounted read-only; check the disk"
    )
    assert "borgpull_storage_readonly 1.0" in pulling.appliance.get("/metrics")[1]
    set_writable(pulling.appliance.supervisor, "/repos", writable=True)
    pulling.assert_next_run_is_good()
