"""Docker secrets: the environment out of files, a channel's URL, and a passphrase that was mounted to its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.engine import docker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine

_PASSPHRASE = "out of a secret of Docker"
_MADE = f"""
cd /secrets
echo '{_PASSPHRASE}' > web
echo 1234 > puid
echo Europe/Berlin > zone
echo json://nobody.invalid > mail
"""


@pytest.fixture
def given(lab: Lab) -> Iterator[ApplianceUnderTest]:
    """An appliance with secrets as Compose mounts them: each a file of the host, read-only but for the passphrase."""
    volume = lab.volume(lab.name("secrets"))
    docker("run", "--rm", "--label", lab.label, "--volume", f"{volume}:/secrets", "--entrypoint", "sh", lab.image,
           "-euc", _MADE)  # fmt: skip
    host = docker("volume", "inspect", "--format", "{{.Mountpoint}}", volume).stdout.strip()
    appliance = ApplianceUnderTest(lab)
    appliance.create(
        "--volume", f"{host}/web:/config/secrets/web/passphrase",
        *(word for name in ("puid", "zone", "mail") for word in ("--volume", f"{host}/{name}:/run/secrets/{name}:ro")),
        "--env", "PUID_FILE=/run/secrets/puid", "--env", "TZ_FILE=/run/secrets/zone",
    )  # fmt: skip
    yield appliance
    lab.sweep(f"{appliance.name}-")


def test_a_backup_is_made_with_what_stands_in_files(given: ApplianceUnderTest, machine: Machine) -> None:
    given.add_client("web", machine, "--path", "/srv/tree/folder 0")

    run = given.run("web")

    assert run.returncode == 0, run.stdout + run.stderr
    assert given.read("/config/secrets/web/passphrase").strip() == _PASSPHRASE
    assert [one["in_ledger"] and one["in_repository"] for one in given.json("archives", "web")] == [True]
    assert given.shell("stat -c '%u %g %a' /config/secrets/web/passphrase").stdout.split() == ["1234", "1000", "600"]
    assert given.shell("find /repos/web ! -user 1234").stdout == ""
    assert 'timezone = "Europe/Berlin"' in given.borgpull("config", "show").stdout


def test_the_url_of_a_channel_is_found_among_dockers_secrets(given: ApplianceUnderTest) -> None:
    text = given.read("/config/borgpull.toml").replace("[defaults]", 'notify = ["secret:mail"]\n[defaults]')
    given.write_config(text)

    said = given.borgpull("notify", "test", check=False)

    # Nobody is at that address, so it is not delivered; that it was looked up is what is asked here.
    assert "cannot be read" not in said.stdout + said.stderr
    assert "secret:mail" in said.stdout + said.stderr
    assert "nobody.invalid" not in said.stdout + said.stderr


def test_a_file_that_is_not_there_ends_the_supervisor_with_one_sentence(lab: Lab) -> None:
    done = docker(
        "run", "--rm", "--label", lab.label, "--env", "PUID_FILE=/run/secrets/gone", lab.image, "supervise", check=False
    )

    assert done.returncode == 2
    assert "environment: PUID_FILE: /run/secrets/gone cannot be read" in done.stderr
    assert "Traceback" not in done.stderr
