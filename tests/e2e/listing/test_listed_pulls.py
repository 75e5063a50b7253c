"""The promise: a listed machine's archive has what SFTP cannot carry, and of no other archive is that said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.cli.key_lines import READ_ONLY
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import archived_tree
from tests.e2e.harness.waiting import wait_for_a_look
from tests.lab.compare import differences

if TYPE_CHECKING:
    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

# Borg stores holes as zeros, whatever it reads from.
LOST = frozenset({"sparse"})
LOST_OVER_SFTP = frozenset({"hard_link", "sparse", "mtime_ns"})


def let_in_by_the_older_line(appliance: ApplianceUnderTest, client: str, machine: Machine) -> None:
    """Bind the key to SFTP alone, as the line did that was printed before there was a listing."""
    machine.forget_keys()
    machine.authorize(f"{READ_ONLY} {appliance.read(f'/config/keys/{client}/id_ed25519.pub')}")


@pytest.mark.parametrize(
    ("kind", "names"), [("trixie", "client"), ("trixie", "chroot"), ("bookworm", "client"), ("nas", "client")]
)
def test_a_listed_machine_comes_back_whole(shared: Shared, start_machine: StartMachine, kind: str, names: str) -> None:
    appliance, machine, client = shared.appliance, start_machine(kind), f"{kind}-{names}-listed"
    appliance.add_client(client, machine, "--path", "/srv/tree", "--names", names, listing="require")

    run = appliance.run(client)

    assert run.returncode == 0, run.stdout + run.stderr
    assert "listed by" not in run.stdout
    (archive,) = appliance.archives(client)
    assert differences(machine.manifest(), archived_tree(appliance, client, archive), ignore=LOST) == []
    assert_nothing_is_left(appliance, client, machine)


def test_a_key_of_the_older_kind_is_read_by_sftp_and_that_is_told_wherever_one_looks(
    shared: Shared, start_machine: StartMachine
) -> None:
    appliance, machine, client = shared.appliance, start_machine("trixie"), "older-auto"
    appliance.add_client(client, machine, "--path", "/srv/tree", listing="auto")
    let_in_by_the_older_line(appliance, client, machine)

    run = appliance.run(client)

    assert run.returncode == 0, run.stdout + run.stderr
    (archive,) = appliance.archives(client)
    archived = archived_tree(appliance, client, archive)
    assert differences(machine.manifest(), archived, ignore=LOST_OVER_SFTP) == []
    assert "files listed by SFTP, without hard links" in run.stdout
    assert appliance.last_run(client)["listed_by"] == appliance.status(client)["listed_by"] == "SFTP"
    assert "SFTP" in appliance.borgpull("history", client).stdout
    told = next(one for one in appliance.json("client", "list", "--trust") if one["client"] == client)
    assert (told["listed_by"], "hard links (each name becomes a file of its own)" in told["not_carried"]) == (
        "SFTP",
        True,
    )
    assert advice(appliance, client) == ("ok", True)


def test_a_key_of_the_older_kind_fails_where_the_listing_is_required(
    shared: Shared, start_machine: StartMachine
) -> None:
    appliance, machine, client = shared.appliance, start_machine("trixie"), "older-require"
    appliance.add_client(client, machine, "--path", "/srv/tree", listing="require")
    let_in_by_the_older_line(appliance, client, machine)

    refused = appliance.run(client)

    assert refused.returncode == 3, refused.stdout + refused.stderr
    assert f"borgpull client setup {client}" in refused.stdout + refused.stderr
    assert appliance.last_run(client)["reason"] == "client_tools"
    assert appliance.archives(client) == []


def test_a_client_of_before_the_upgrade_goes_on_and_its_new_line_brings_the_rest(
    shared: Shared, start_machine: StartMachine
) -> None:
    appliance, machine, client = shared.appliance, start_machine("trixie"), "upgraded"
    appliance.add_client(client, machine, "--path", "/srv/tree", listing="never")
    assert appliance.run(client).returncode == 0
    appliance.shell(f"sed -i '/^listing/s/never/auto/' /config/clients.d/{client}.toml")
    wait_for_a_look(appliance)

    by_sftp = appliance.run(client)
    machine.forget_keys()
    machine.authorize(appliance.borgpull("client", "setup", client, "--key-line").stdout)
    listed = appliance.run(client)

    assert (by_sftp.returncode, listed.returncode) == (0, 0), by_sftp.stdout + listed.stdout
    runs = [run for run in appliance.json("history", client) if run["operation"] == "create"]
    assert [run["listed_by"] for run in runs] == ["find", "SFTP", None]
    # Nothing is stored twice: contents that were read again are known.
    assert runs[0]["archive"]["deduplicated_size"] < runs[2]["archive"]["deduplicated_size"] / 4
    archived = archived_tree(appliance, client, runs[0]["archive"]["name"])
    assert differences(machine.manifest(), archived, ignore=LOST) == []

    let_in_by_the_older_line(appliance, client, machine)
    assert appliance.run(client).returncode == 0
    assert advice(appliance, client) == ("warning", True)


def test_a_user_without_a_shell_is_told_of_the_line_that_needs_none(
    shared: Shared, start_machine: StartMachine
) -> None:
    appliance, machine, client = shared.appliance, start_machine("trixie"), "shell-less"
    appliance.add_client(client, machine, "--path", "/srv/tree", listing="auto")
    machine.exec("sed", "-i", "/^root:/s,[^:]*$,/usr/sbin/nologin,", "/etc/passwd")

    refused = appliance.run(client)
    let_in_by_the_older_line(appliance, client, machine)
    good = appliance.run(client)

    assert (refused.returncode, good.returncode) == (3, 0), refused.stdout + good.stdout
    assert f"`borgpull client setup {client}` prints one that needs neither" in " ".join(refused.stdout.split())
    assert appliance.last_run(client)["listed_by"] == "SFTP"


def advice(appliance: ApplianceUnderTest, client: str) -> tuple[str, bool]:
    """Return how loud the doctor is about the listing, and whether it names the line to paste."""
    found = [one for one in appliance.json("doctor", check=False) if one["subject"] == f"client {client}"]
    (told,) = (one for one in found if "are listed by SFTP" in one["sentence"])
    return told["level"], f"`borgpull client setup {client}`" in told["advice"]
