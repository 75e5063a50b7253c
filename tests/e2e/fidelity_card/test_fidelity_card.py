"""The promise: a card says what a method keeps on a client, as the trust table claims, and leaves nothing anywhere."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from appliance.plan.fidelity import Trait
from tests.e2e.harness.callback import free_address
from tests.e2e.harness.engine import docker, wait_for
from tests.e2e.harness.lease import close_lease, open_lease
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.on_client import assert_client_is_clean
from tests.e2e.harness.outside import outside_archives

if TYPE_CHECKING:
    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

# None of the lab's machines has a chattr.
UNTRIED = {Trait.FLAGS}
LOST_OVER_SFTP = {
    Trait.HARD_LINKS,
    Trait.ATTRIBUTES,
    Trait.ACLS,
    Trait.NANOSECONDS,
    Trait.CHANGE_TIMES,
    Trait.DEVICE_NUMBERS,
    Trait.SOCKETS,
}
BEYOND_SFTP = {
    *(Trait.OWNER_NAMES, Trait.NANOSECONDS, Trait.CHANGE_TIMES, Trait.HOLES, Trait.ATTRIBUTES, Trait.ACLS),
    *(Trait.FLAGS, Trait.FIFOS, Trait.SOCKETS, Trait.CHARACTER_DEVICES, Trait.BLOCK_DEVICES, Trait.DEVICE_NUMBERS),
}
LOST_BESIDES = {"client": set(), "chroot": {Trait.CHARACTER_DEVICES}, "numeric": {Trait.OWNER_NAMES}}
TREES = (
    "find /srv /tmp /var/tmp /root -maxdepth 1 -name 'borgpull-fidelity*' 2>/dev/null; "
    "ls -A /root/.cache/borgpull/.cache/borg 2>/dev/null || true"
)


def probed(appliance: ApplianceUnderTest, client: str, *words: str) -> tuple[int, str, str]:
    done = appliance.borgpull("client", "probe", client, "--fidelity", "--yes", *words, check=False)
    return done.returncode, done.stdout, " ".join(done.stderr.split())


def card(appliance: ApplianceUnderTest, client: str, *words: str) -> dict[str, Any]:
    """Take a card in which nothing is a surprise."""
    code, out, err = probed(appliance, client, "--json", *words)
    assert code == 0, out + err
    (found,) = json.loads(out)
    assert (found["surprises"], found["stays"]) == ([], None)
    return dict(found)


def traits(found: dict[str, Any], how: str) -> set[str]:
    return {row["trait"] for row in found["rows"] if row["found"] == how}


def trees(machine: Machine) -> list[str]:
    """List test trees on the machine, and Borg's caches there."""
    return machine.exec("sh", "-c", TREES).stdout.split()


def assert_nothing_happened(appliance: ApplianceUnderTest, client: str, machine: Machine) -> None:
    """Fail unless neither side has anything of a card: no run, no repository, no scratch folder, no tree."""
    assert appliance.json("history", client) == []
    assert appliance.shell(f"find /repos/{client} /state/runs/{client} -mindepth 1").stdout == ""
    assert [tree for tree in trees(machine) if "fidelity" in tree] == []
    assert_nothing_is_left(appliance, client, machine)


@pytest.mark.parametrize("names", ["client", "chroot", "numeric"])
def test_the_card_of_sshfs_is_what_the_trust_table_claims(shared: Shared, names: str) -> None:
    appliance, machine, client = shared.appliance, shared.machine("trixie"), f"card-sshfs-{names}"
    appliance.add_client(client, machine, "--path", "/srv/tree", "--names", names, listing="never")
    open_lease(appliance, client, machine, "--way", "tar")

    found = card(appliance, client)

    assert traits(found, "lost") == LOST_OVER_SFTP | LOST_BESIDES[names]
    assert traits(found, "not tried") == UNTRIED
    assert_nothing_happened(appliance, client, machine)
    close_lease(client, machine)


def test_the_card_of_a_listed_machine_shows_what_the_listing_brings(
    shared: Shared, start_machine: StartMachine
) -> None:
    appliance, machine, client = shared.appliance, start_machine("trixie"), "card-listed"
    appliance.add_client(client, machine, "--path", "/srv/tree", listing="auto")
    open_lease(appliance, client, machine, "--way", "tar")

    found = card(appliance, client)

    assert traits(found, "lost") == {Trait.SOCKETS}
    assert traits(found, "not tried") == UNTRIED
    assert_nothing_happened(appliance, client, machine)
    close_lease(client, machine)


@pytest.mark.parametrize(
    ("kind", "method"),
    [("trixie", "socat"), ("bookworm", "socat"), ("trixie", "ssh-agent"), ("trixie", "remote-forward")],
)
def test_the_card_of_a_borg_on_the_client_has_lost_nothing_that_borg_can_store(
    shared: Shared, kind: str, method: str
) -> None:
    appliance, machine, client = shared.appliance, shared.machine(kind), f"card-{method}-{kind}"
    called = ("--callback", free_address(shared.lab.network)) if method == "ssh-agent" else ()
    appliance.add_client(client, machine, "--path", "/srv/tree", "--method", method, *called)
    before = trees(machine)

    found = card(appliance, client)

    assert traits(found, "lost") == {Trait.SOCKETS}
    assert traits(found, "not tried") == UNTRIED
    assert trees(machine) == before
    assert_nothing_happened(appliance, client, machine)
    assert_client_is_clean(machine)
    assert f"lost: {Trait.SOCKETS}" in appliance.borgpull("client", "list", "--trust").stdout


def test_what_a_nas_cannot_make_was_not_tried(shared: Shared) -> None:
    appliance, machine, client = shared.appliance, shared.machine("nas"), "card-nas"
    appliance.add_client(client, machine, "--path", "/srv/tree", listing="auto")
    open_lease(appliance, client, machine, "--way", "tar")

    code, _, err = probed(appliance, client)
    assert code == 3, err
    assert "name another folder there with --at" in err

    found = card(appliance, client, "--at", "/srv")

    assert traits(found, "not tried") == UNTRIED | {
        *(Trait.ATTRIBUTES, Trait.ACLS, Trait.NANOSECONDS, Trait.SOCKETS),
    }
    assert traits(found, "lost") == set()
    assert_nothing_happened(appliance, client, machine)
    close_lease(client, machine)


def test_without_a_key_that_may_write_there_is_no_card_and_it_says_what_opens_one(shared: Shared) -> None:
    appliance, machine, client = shared.appliance, shared.machine("trixie"), "card-shut"
    appliance.add_client(client, machine, "--path", "/srv/tree")

    code, out, err = probed(appliance, client)

    assert (code, out) == (3, "")
    assert "the restore key, which may write, is shut out" in err
    assert f"borgpull client setup {client} --restore --way tar --hours 1" in err

    assert_nothing_happened(appliance, client, machine)


def test_with_a_lease_for_sftp_alone_the_card_tries_what_sftp_can_make(shared: Shared) -> None:
    appliance, machine, client = shared.appliance, shared.machine("trixie"), "card-by-sftp"
    appliance.add_client(client, machine, "--path", "/srv/tree", listing="auto")
    open_lease(appliance, client, machine)

    found = card(appliance, client)

    assert traits(found, "lost") == set()
    assert traits(found, "not tried") == BEYOND_SFTP
    assert_nothing_happened(appliance, client, machine)
    close_lease(client, machine)


def test_a_machine_that_gives_nothing_but_reading_has_no_card(shared: Shared) -> None:
    appliance, machine, client = shared.appliance, shared.machine("sftp-only"), "card-sftp-only"
    appliance.add_client(client, machine, "--path", "/srv/tree")
    open_lease(appliance, client, machine)

    code, out, err = probed(appliance, client)

    assert (code, out) == (3, "")
    assert "cannot be made with it (permission denied)" in err
    assert_nothing_happened(appliance, client, machine)
    close_lease(client, machine)


@pytest.mark.parametrize("method", ["sshfs", "socat"])
def test_the_real_repository_is_not_touched_and_the_next_card_removes_what_a_killed_one_left(
    shared: Shared, method: str
) -> None:
    appliance, machine, client = shared.appliance, shared.machine("trixie"), f"card-killed-{method}"
    appliance.add_client(client, machine, "--path", "/srv/tree/odd", "--method", method)
    open_lease(appliance, client, machine, "--way", "tar")
    assert appliance.run(client).returncode == 0
    caches = trees(machine)
    before = outside_archives(appliance, client), appliance.archives(client), appliance.json("history", client)

    with ThreadPoolExecutor(1) as beside:
        probing = beside.submit(probed, appliance, client, "--at", "/srv")
        wait_for(lambda: trees(machine) != caches, within=60, what="the tree is there")
        docker("kill", appliance.pull_container(client))
        code, _, err = probing.result()

    assert code == 4, err
    assert [one for one in trees(machine) if one.startswith("/srv/borgpull-fidelity.")] != []
    card(appliance, client)
    assert trees(machine) == caches
    assert before == (
        outside_archives(appliance, client),
        appliance.archives(client),
        appliance.json("history", client),
    )
    assert appliance.run(client).returncode == 0
    close_lease(client, machine)
