"""The promise: on a host without /dev/fuse an sshfs pull says what is missing, and with it the next one works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.pulling import Pulling

_SETTING = 'fuse_device = "/dev/no-such-fuse"\n'


@pytest.fixture(scope="module")
def shared_appliance(lab: Lab) -> Iterator[ApplianceUnderTest]:
    under_test = ApplianceUnderTest(lab, settings=_SETTING)
    under_test.create()
    yield under_test
    lab.sweep(f"{under_test.name}-")


def test_without_a_fuse_device_the_run_says_what_is_missing(pulling: Pulling) -> None:
    appliance = pulling.appliance

    seen = pulling.run()

    sentence = "the engine's host has no /dev/no-such-fuse; load its kernel module there"
    pulling.assert_nothing_counts(seen, code=3, outcome="failed", reason="fuse", sentence=sentence)
    doctor = appliance.borgpull("doctor", check=False)
    assert doctor.returncode == 7
    assert "/dev/no-such-fuse" in doctor.stdout.splitlines()[0]
    appliance.write_config(appliance.read("/config/borgpull.toml").replace(_SETTING, ""))
    pulling.assert_next_run_is_good()
