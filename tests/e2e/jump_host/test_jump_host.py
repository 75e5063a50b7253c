"""The promise: a client that only other machines reach is pulled through them, and they learn nothing by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import archived_tree, outside_archives
from tests.e2e.harness.troubled import assert_told
from tests.lab.compare import differences

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.engine import Completed
    from tests.e2e.harness.hidden import Row

# What SFTP does not carry: link counts, holes, and times below the second.
LOST_OVER_SFTP = frozenset({"hard_link", "sparse", "mtime_ns"})


@pytest.mark.parametrize("behind", [1, 2])
def test_a_client_behind_other_machines_gives_an_archive_that_equals_it(
    row: Row, outsider: ApplianceUnderTest, behind: int
) -> None:
    name, machine = f"behind{behind}", row.machines[behind]
    row.add_client(outsider, name, "--path", "/srv/tree", behind=behind)

    run = outsider.run(name)

    assert run.returncode == 0, run.stdout + run.stderr
    (archive,) = outsider.archives(name)
    assert outside_archives(outsider, name) == [archive]
    assert differences(machine.manifest(), archived_tree(outsider, name, archive), ignore=LOST_OVER_SFTP) == []
    for one in row.machines[: behind + 1]:
        assert_nothing_is_left(outsider, name, one)
    (shown,) = outsider.json("status", name)
    assert (shown["reach"], shown["state"]) == ("jump", "ok")


def test_without_the_machine_in_between_there_is_no_way(row: Row, outsider: ApplianceUnderTest) -> None:
    outsider.borgpull("client", "add", "straight", "--host", row.machines[1].host, "--path", "/srv/tree")

    shown = outsider.borgpull("client", "trust", "straight", "--yes", check=False)

    assert shown.returncode == 3
    assert "shows no SSH host key" in shown.stderr


def test_the_key_opens_the_way_to_the_client_and_nothing_else(row: Row, outsider: ApplianceUnderTest) -> None:
    row.add_client(outsider, "narrow", "--path", "/etc", behind=1)
    client = row.machines[1].host

    assert _ssh(outsider, row, "narrow", "-W", f"{client}:22").stdout.startswith("SSH-2.0-")
    forbidden = _ssh(outsider, row, "narrow", "-W", "localhost:22")
    assert forbidden.stdout == ""
    assert "administratively prohibited" in forbidden.stderr
    assert (_ssh(outsider, row, "narrow", "id").returncode, _ssh(outsider, row, "narrow", "id").stdout) == (1, "")


def test_no_run_starts_before_every_machine_on_the_way_is_pinned(row: Row, outsider: ApplianceUnderTest) -> None:
    row.add_client(outsider, "untrusted", "--path", "/etc", behind=2, trust=False)

    run = outsider.run("untrusted")

    first = f"{row.machines[0].host} on the way to untrusted"
    assert_told(outsider, "untrusted", run, "host_key", first, "borgpull client trust untrusted")


def _ssh(outsider: ApplianceUnderTest, row: Row, client: str, *words: str) -> Completed:
    """Log in to the first machine of the row with the client's key, as somebody might who has stolen it."""
    options = {
        "IdentityFile": f"/config/keys/{client}/id_ed25519",
        "UserKnownHostsFile": f"/config/known_hosts/{client}",
        "HostKeyAlias": f"jump1/{client}",
        "StrictHostKeyChecking": "yes",
        "BatchMode": "yes",
    }
    given = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    where = f"root@{row.machines[0].host}"
    return docker(
        "run", "--rm", "--label", row.lab.label, "--network", row.lab.network,
        "--volume", f"{outsider.volumes['config']}:/config:ro", "borgpull-lab:trixie",
        "timeout", "10", "ssh", *given, where, *words, check=False,
    )  # fmt: skip
