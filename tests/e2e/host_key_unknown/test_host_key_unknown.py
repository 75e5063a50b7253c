"""The promise: nothing goes to a machine whose host key nobody has looked at; one pinned key of any kind is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.troubled import assert_told

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.troubled import TroubledClient


def test_a_host_key_that_was_never_pinned_is_refused_and_an_rsa_key_alone_can_be_pinned(
    impatient_appliance: ApplianceUnderTest, troubled: TroubledClient
) -> None:
    machine = troubled.machine
    impatient_appliance.add_client("stranger", machine, "--path", "/srv/few", trust=False)

    run = impatient_appliance.run("stranger")

    assert_told(impatient_appliance, "stranger", run, "host_key", "stranger", "borgpull client trust stranger")
    assert impatient_appliance.archives("stranger") == []
    assert_nothing_is_left(impatient_appliance, "stranger", machine)

    rsa = machine.exec("ssh-keygen", "-lf", "/etc/ssh/ssh_host_rsa_key.pub").stdout.split()[1]
    impatient_appliance.borgpull("client", "trust", "stranger", "--fingerprint", rsa)
    pinned = impatient_appliance.read("/config/known_hosts/stranger").split()
    assert pinned[:2] == ["stranger", "ssh-rsa"]
    assert len(pinned) == 3
    run = impatient_appliance.run("stranger")
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(impatient_appliance.archives("stranger")) == 1
