"""The promise: a share that is not mounted on the host is never archived as an empty folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.troubled import assert_told

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest


@pytest.mark.parametrize(
    ("client", "options", "found", "reason", "words"),
    [
        ("marked", ("--marker", "/.mounted"), "echo 1 > /share/stray", "source_empty", ("/.mounted", "not mounted")),
        ("plain", (), "true", "source_empty", ("nothing in /", "not mounted")),
        ("deeper", ("--path", "/photos"), "echo 1 > /share/stray", "source_missing", ("/photos", "does not exist")),
    ],
)
def test_a_share_that_is_not_mounted_is_refused_and_taken_when_it_is(
    impatient_appliance: ApplianceUnderTest,
    client: str,
    options: tuple[str, ...],
    found: str,
    reason: str,
    words: tuple[str, ...],
) -> None:
    lab = impatient_appliance.lab
    share = lab.volume(lab.name("share"))
    _in(impatient_appliance, share, found)
    impatient_appliance.borgpull("client", "add", client, "--volume", share, *options)

    run = impatient_appliance.run(client)

    assert_told(impatient_appliance, client, run, reason, *words)
    assert impatient_appliance.archives(client) == []
    assert_nothing_is_left(impatient_appliance, client)

    _in(impatient_appliance, share, "mkdir /share/photos; echo 1 > /share/photos/one; touch /share/.mounted")
    run = impatient_appliance.run(client)
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(impatient_appliance.archives(client)) == 1


def _in(appliance: ApplianceUnderTest, share: str, script: str) -> None:
    docker(
        "run", "--rm", "--label", appliance.lab.label, "--network", "none", "--volume", f"{share}:/share",
        "--entrypoint", "sh", appliance.lab.image, "-euc", f"umask 022; {script}",
    )  # fmt: skip
