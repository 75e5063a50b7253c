"""The promise: one supervisor per appliance; a second one on the same volumes ends at once and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest


def test_a_second_supervisor_on_the_same_volumes_is_refused(appliance: ApplianceUnderTest) -> None:
    volumes = [word for what, name in appliance.volumes.items() for word in ("--volume", f"{name}:/{what}")]

    second = docker("run", "--rm", "--label", appliance.lab.label, *volumes, appliance.lab.image, check=False)

    assert second.returncode == 9, second.stdout + second.stderr
    assert "another supervisor already works on /state; stop one of the two" in second.stderr
    assert "Traceback" not in second.stderr
    assert appliance.get("/healthz")[0] == 200
