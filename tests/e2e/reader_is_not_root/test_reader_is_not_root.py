"""The promise: a user that is not root reads everything, writes nothing, and runs nothing; by either recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.lease import open_lease, restored
from tests.e2e.harness.machine import Machine
from tests.e2e.harness.outside import outside_borg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.lab import Lab

_SECRETS = """
mkdir -p -m 0700 /srv/kept/inner
printf 'only root reads this' > /srv/kept/inner/secret
chmod 0600 /srv/kept/inner/secret
"""
# Whatever else the key asks for, it speaks to sftp-server.
_BESIDES = """
cp /tmp/key /tmp/k; chmod 600 /tmp/k
ssh="ssh -i /tmp/k -o StrictHostKeyChecking=accept-new -o BatchMode=yes"
timeout 10 $ssh borgpull-reader@localhost 'touch /tmp/was-run' </dev/null
printf -- '-get /srv/kept/inner/secret /tmp/was-got\n-put /etc/hostname /tmp/was-put\n-rm /srv/kept/inner/secret\n' |
    sftp -i /tmp/k -o StrictHostKeyChecking=accept-new -b - borgpull-reader@localhost
ls /tmp
"""


@pytest.fixture
def machine(lab: Lab) -> Iterator[Machine]:
    started = Machine(lab, "trixie", tree="none", options=("--cap-add", "DAC_READ_SEARCH"))
    yield started
    lab.sweep(f"{started.host}$")


@pytest.mark.parametrize("way", ["capability", "sudo"])
def test_a_user_that_is_not_root_reads_the_files_of_root(
    appliance: ApplianceUnderTest, machine: Machine, way: str
) -> None:
    machine.exec("sh", "-euc", _SECRETS)
    appliance.borgpull(
        "client", "add", "web", "--host", machine.host, "--user", "borgpull-reader", "--path", "/srv/kept"
    )
    script = appliance.borgpull("client", "setup", "web", "--reader", way).stdout

    # Twice: it may be repeated after an update of sftp-server.
    for _ in range(2):
        assert machine.exec("sh", "-s", stdin=script).stdout.endswith("done\n")

    appliance.borgpull("client", "trust", "web", "--yes")
    run = appliance.run("web")
    assert run.returncode == 0, run.stdout + run.stderr
    told = outside_borg(
        appliance, "web", "extract", "--stdout", "::" + appliance.archives("web")[0], "srv/kept/inner/secret"
    )
    assert told.stdout == "only root reads this"
    keys = machine.exec("cat", "/var/lib/borgpull-reader/.ssh/authorized_keys").stdout
    assert keys.count("ssh-ed25519") == 1


def test_what_a_reader_read_is_restored_onto_the_machine_as_root(
    appliance: ApplianceUnderTest, machine: Machine
) -> None:
    machine.exec("sh", "-euc", _SECRETS)
    appliance.borgpull(
        "client", "add", "web", "--host", machine.host, "--user", "borgpull-reader", "--path", "/srv/kept"
    )
    machine.exec("sh", "-s", stdin=appliance.borgpull("client", "setup", "web", "--reader", "capability").stdout)
    appliance.borgpull("client", "trust", "web", "--yes")
    assert appliance.run("web").returncode == 0
    told = appliance.borgpull("client", "setup", "web", "--restore").stdout
    assert 'write user = "root" into clients.d/web.toml' in told

    appliance.shell("sed -i 's/^user = .*/user = \"root\"/' /config/clients.d/web.toml")
    open_lease(appliance, "web", machine)
    restored(appliance, "web", "srv/kept/inner/secret", "--to", "/srv/back")

    found = machine.exec("stat", "--format", "%U %a", "/srv/back/srv/kept/inner/secret").stdout
    assert found == "root 600\n"


@pytest.mark.parametrize("way", ["capability", "sudo"])
def test_its_key_writes_nothing_and_runs_nothing(appliance: ApplianceUnderTest, machine: Machine, way: str) -> None:
    machine.exec("sh", "-euc", _SECRETS)
    appliance.borgpull("client", "add", "web", "--host", machine.host, "--user", "borgpull-reader")
    machine.exec("sh", "-s", stdin=appliance.borgpull("client", "setup", "web", "--reader", way).stdout)
    machine.exec("sh", "-c", "cat > /tmp/key", stdin=appliance.read("/config/keys/web/id_ed25519"))

    machine.exec("sh", "-c", _BESIDES, check=False)

    left = machine.exec("ls", "/tmp").stdout.split()  # noqa: S108 - the lab machine's own
    assert "was-got" in left
    assert "was-run" not in left
    assert "was-put" not in left
    assert machine.exec("cat", "/srv/kept/inner/secret").stdout == "only root reads this"
    # Nobody else on that machine gets to read by the copy, nor may the reader start anything else as root.
    for words in (
        "/usr/local/lib/borgpull-sftp-server -R </dev/null",
        "sudo -n /usr/lib/openssh/sftp-server -R </dev/null",
    ):
        assert (
            machine.exec(
                "setpriv", "--reuid=alice", "--regid=alice", "--clear-groups", "sh", "-c", words, check=False
            ).returncode
            != 0
        )
    refused = machine.exec(
        "setpriv", "--reuid=borgpull-reader", "--regid=borgpull-reader", "--clear-groups", "sh", "-c",
        "sudo -n /usr/lib/openssh/sftp-server </dev/null || sudo -n true", check=False,
    )  # fmt: skip
    assert refused.returncode != 0
