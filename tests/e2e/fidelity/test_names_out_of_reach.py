"""The promise: where the names of owners are wanted and not to be had, the run says so, and the archive counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.troubled import assert_told

if TYPE_CHECKING:
    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.appliance import ApplianceUnderTest


@pytest.mark.parametrize(
    ("kind", "names", "hide", "said"),
    [
        ("sftp-only", "client", "chmod 0600 /etc/passwd", "no /etc/passwd that can be read"),
        (
            "trixie",
            "chroot",
            "mv /etc/passwd /srv/passwd && ln -s ../srv/passwd /etc/passwd",
            "/etc/passwd of hidden-chroot is a link or missing",
        ),
    ],
)
def test_owners_without_names_are_a_warning_until_numbers_are_what_is_wanted(
    impatient_appliance: ApplianceUnderTest, start_machine: StartMachine, kind: str, names: str, hide: str, said: str
) -> None:
    machine, client = start_machine(kind, tree="none"), f"hidden-{names}"
    machine.exec("sh", "-euc", f"mkdir -p /srv/mine && echo one > /srv/mine/open && {hide}")
    impatient_appliance.add_client(client, machine, "--path", "/srv/mine", "--names", names, listing="auto")

    run = impatient_appliance.run(client)

    assert_told(impatient_appliance, client, run, "owners", said, 'names = "numeric"', outcome="warning", code=1)
    assert len(impatient_appliance.archives(client)) == 1
    probe = impatient_appliance.borgpull("client", "probe", client, check=False)
    assert probe.returncode == 1
    assert said in probe.stdout

    numbers = 's/^names = .*//; /^\\[clients/a names = "numeric"'
    impatient_appliance.shell(f"sed -i '{numbers}' /config/clients.d/{client}.toml")
    run = impatient_appliance.run(client)
    assert run.returncode == 0, run.stdout + run.stderr
