"""The promise (S9): where the repository should be and is not, nothing new is ever made in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

_PATH = "/srv/tree/folder 0"


@pytest.fixture(scope="module")
def appliance(shared_appliance: ApplianceUnderTest, shared_machine: Machine) -> ApplianceUnderTest:
    """Two clients that both have a good archive."""
    for name in ("web", "mail"):
        shared_appliance.add_client(name, shared_machine, "--path", _PATH)
    both = shared_appliance.borgpull("run", "web", "mail", check=False)
    assert both.returncode == 0, both.stdout + both.stderr
    return shared_appliance


def _assert_refused(appliance: ApplianceUnderTest, reason: str, *words: str) -> None:
    done = appliance.run("web")
    assert done.returncode == 3, done.stdout + done.stderr
    run = appliance.last_run("web")
    assert (run["outcome"], run["reason"], run["archive"]) == ("failed", reason, None), run
    for word in words:
        assert word in run["message"]


def _assert_works_again(appliance: ApplianceUnderTest) -> None:
    done = appliance.run("web")
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(one["in_repository"] and one["in_ledger"] for one in appliance.json("archives", "web"))


def test_a_repository_that_was_moved_away_is_missed_and_not_made_anew(appliance: ApplianceUnderTest) -> None:
    appliance.shell("mv /repos/web /repos/.elsewhere")

    _assert_refused(appliance, "repository_missing", "/repos/web", "Bring it back")

    assert appliance.shell("ls -A /repos/web 2>/dev/null || true").stdout == ""
    appliance.shell("rmdir /repos/web 2>/dev/null || true; mv /repos/.elsewhere /repos/web")
    _assert_works_again(appliance)


def test_the_repository_of_another_client_is_not_written_to(appliance: ApplianceUnderTest) -> None:
    # With its passphrase too, so that only its id can tell.
    appliance.shell(
        "mv /repos/web /repos/.elsewhere; cp -a /repos/mail /repos/web; cd /config/secrets; "
        "cp -a web/passphrase web/kept; cp -a mail/passphrase web/passphrase"
    )
    before = appliance.shell("cd /repos/web; find data -type f | xargs cat | sha256sum").stdout

    _assert_refused(appliance, "repository", "Another repository stands in /repos/web", "Put the right one back")

    assert appliance.shell("cd /repos/web; find data -type f | xargs cat | sha256sum").stdout == before
    appliance.shell(
        "rm -r /repos/web; mv /repos/.elsewhere /repos/web; mv /config/secrets/web/kept /config/secrets/web/passphrase"
    )
    _assert_works_again(appliance)


def test_an_empty_volume_in_place_of_the_repositories_is_not_filled(appliance: ApplianceUnderTest) -> None:
    right = appliance.volumes["repos"]
    appliance.volumes["repos"] = appliance.lab.volume(f"{appliance.name}-wrong")
    docker("rm", "--force", appliance.supervisor)
    appliance.create(paused=False)

    _assert_refused(appliance, "repository_missing", "Mount the right volume", ".borgpull-volume")

    assert appliance.shell("ls -A /repos").stdout == ""
    appliance.volumes["repos"] = right
    docker("rm", "--force", appliance.supervisor)
    appliance.create(paused=False)
    _assert_works_again(appliance)
