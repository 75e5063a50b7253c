"""The promise: what changes on a listed machine while it is pulled is seen, and the next run misses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import archived_tree, outside
from tests.e2e.harness.troubled import assert_told
from tests.lab.compare import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.troubled import TroubledClient

LOST = frozenset({"sparse"})
# One file gets another byte under its old size and time, which only its ctime tells.
_CHANGE = """
cd /srv/many
echo more >> 00
rm 01
ln 02 linked
mkfifo log
touch -r 04 times
printf y | dd of=04 conv=notrunc
touch -r times 04
rm times
"""
_GROW = """
rm -f /srv/many/log
head -c 3000000 /dev/zero > /srv/many/log
touch /tmp/growing
timeout 300 sh -c 'while [ -e /tmp/growing ]; do echo more >> /srv/many/log; sleep 0.05; done' > /dev/null 2>&1 &
"""
_CONTENT = 'borg extract --stdout "::$1" "$2" | sha256sum'


@pytest.fixture
def listed(listed_client_with_an_archive: TroubledClient) -> Iterator[TroubledClient]:
    yield listed_client_with_an_archive
    listed_client_with_an_archive.machine.exec("rm", "-rf", "/srv/many/log", "/srv/many/linked")
    listed_client_with_an_archive.settle()


def pulled(client: TroubledClient) -> str:
    """Pull, and return the new archive."""
    client.recovers()
    return client.archives[-1]


def test_an_unchanged_machine_is_not_read_again(listed: TroubledClient) -> None:
    # Borg does not trust the newest files, and reads them again: one small one, and not all of a moment.
    listed.machine.exec("touch", "/srv/few/00")
    pulled(listed)

    before = listed.proxy.tell("count")
    pulled(listed)

    # Of ten megabytes.
    assert listed.proxy.tell("count") - before < 1_000_000


def test_what_changed_since_is_read_and_nothing_is_missed(listed: TroubledClient) -> None:
    listed.machine.exec("sh", "-euc", _CHANGE)

    archive = pulled(listed)

    archived = archived_tree(listed.appliance, listed.name, archive, "/srv/many")
    assert differences(listed.machine.manifest("/srv/many"), archived, ignore=LOST) == []


def test_a_file_that_grows_all_the_time_is_named_and_is_right_once_it_rests(listed: TroubledClient) -> None:
    listed.machine.exec("sh", "-euc", _GROW)
    run = listed.pull_slowly()
    ended = run.result(timeout=180)
    listed.machine.exec("rm", "/tmp/growing")  # noqa: S108 - on the client
    listed.proxy.tell("calm")

    words = ("1 file changed", "srv/many/log")
    assert_told(listed.appliance, listed.name, ended, "changed", *words, outcome="warning", code=1)
    assert_nothing_is_left(listed.appliance, listed.name, listed.machine)
    listed.archives.append(listed.appliance.last_run(listed.name)["archive"]["name"])
    archive = pulled(listed)
    there = listed.machine.exec("sha256sum", "/srv/many/log").stdout.split()[0]
    found = outside(listed.appliance, listed.name, "sh", "-euc", _CONTENT, "sh", archive, "srv/many/log").stdout
    assert found.split()[0] == there
