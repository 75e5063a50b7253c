"""The promise: from `client add` at a terminal to the first backup, and a file that comes back; or nothing at all."""

from __future__ import annotations

import shlex
import textwrap
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.dialogue import Dialogue, at_a_terminal
from tests.e2e.harness.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.lab import Lab

_SECRET = """
mkdir -p -m 0700 /srv/kept
printf 'only root reads this' > /srv/kept/secret
chmod 0600 /srv/kept/secret
mkdir -p /var/lib/docker/volumes/db/_data /var/lib/docker/overlay2
"""


@pytest.fixture
def machine(lab: Lab) -> Iterator[Machine]:
    started = Machine(lab, "trixie", tree="none", options=("--cap-add", "DAC_READ_SEARCH", "--tmpfs", "/mnt/scratch"))
    started.exec("sh", "-euc", _SECRET)
    yield started
    lab.sweep(f"{started.host}$")


def _pasted(shown: str, first: str, last: str) -> str:
    """Take the lines to paste out of what was shown, as a person with a mouse does."""
    lines = shown[shown.index(first) : shown.index(last) + len(last)]
    return textwrap.dedent(f"  {lines}\n")


def _typed_line(shown: str) -> str:
    """Return the line for authorized_keys that the shown commands would have the machine's shell write."""
    command = shown[shown.rindex("printf '%s\\n'") : shown.rindex(" >> ~/.ssh/authorized_keys")]
    return shlex.split(command.replace("\r\n", "\n"))[2]


def _where(dialogue: Dialogue, machine: Machine, user: str) -> None:
    dialogue.answer("Docker volume of this host?", "")
    dialogue.answer("Host name or address:", machine.host)
    dialogue.answer("How this server gets there", "")
    dialogue.answer("Port of its sshd", "")
    dialogue.answer("User [borgpull-reader]:", user)


def _fingerprint(machine: Machine) -> str:
    return machine.exec("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[1]


def test_the_dialogue_ends_with_a_backup_by_a_user_that_is_not_root(
    appliance: ApplianceUnderTest, machine: Machine
) -> None:
    with at_a_terminal(appliance, "client", "add", "web") as dialogue:
        _where(dialogue, machine, "")
        assert _fingerprint(machine) in dialogue.answer("Are these the keys of that machine?", "y")
        script = _pasted(dialogue.wait_for("Enter when that is done"), "( set -e", "echo done )")
        assert machine.exec("sh", "-s", stdin=script).stdout.endswith("done\n")
        dialogue.type("\n")
        seen = dialogue.answer("Method (", "")
        proposed = dialogue.answer("As proposed?", "n")
        dialogue.answer("Read (paths", "/srv /etc /mnt")
        dialogue.answer("Leave out besides", "'/etc/old stuff'")
        dialogue.answer("Read after all", "")
        dialogue.answer("Write it?", "")
        dialogue.answer("Make the first backup now?", "", within=120)
        assert dialogue.end(within=180) == 0, dialogue.shown

    for words in (
        "Debian GNU/Linux",
        "reads        every file",
        "Recommended: sshfs.",
        "passphrase known to the server\n",
    ):
        assert words in seen, seen
    for line in (r"/mnt/scratch", "/var/lib/docker/overlay2", "/proc", "the Docker volumes (1)"):
        assert line in proposed, proposed
    text = appliance.read("/config/clients.d/web.toml")
    table = tomllib.loads(text)["clients"]["web"]
    assert (table["user"], table["method"], table["paths"]) == ("borgpull-reader", "sshfs", ["/srv", "/etc", "/mnt"])
    assert table["exclude"] == ["/mnt/scratch", "sh:**/.cache", "/etc/old stuff"]
    assert "tmpfs: in memory" in text
    assert appliance.status("web")["state"] == "ok"
    appliance.borgpull("restore", "web", "latest", "/srv/kept/secret", "--way", "local", "--to", "/restored/back")
    assert appliance.read("/restored/back/srv/kept/secret") == "only root reads this"
    looked = appliance.json("client", "look", "web")
    assert (looked["recommended"], looked["offer"]["reads_all"]) == ("sshfs", True)


def test_a_key_that_is_refused_is_told_and_tried_again_and_borg_on_the_client_can_be_chosen(
    appliance: ApplianceUnderTest, machine: Machine
) -> None:
    with at_a_terminal(appliance, "client", "add", "web", "--path", "/srv") as dialogue:
        _where(dialogue, machine, "root")
        dialogue.answer("Are these the keys of that machine?", "y")
        dialogue.answer("Enter when that is done", "")
        dialogue.wait_for("does not let this key in as root")
        dialogue.wait_for("Enter tries again")
        key = appliance.read("/config/keys/web/id_ed25519.pub").strip()
        machine.authorize(f"restrict,port-forwarding {key}")
        dialogue.type("\n")
        assert "Borg         1.4" in " ".join(dialogue.answer("Method (", "socat").splitlines())
        dialogue.answer("Write it?", "")
        dialogue.answer("Enter when that is done", "")
        dialogue.answer("Make the first backup now?", "", within=120)
        assert dialogue.end(within=180) == 0, dialogue.shown

    assert appliance.last_run("web")["method"] == "socat"
    assert appliance.status("web")["state"] == "ok"


def test_whoever_leaves_it_leaves_nothing(appliance: ApplianceUnderTest, machine: Machine) -> None:
    before = appliance.shell("find /config /repos /state/cache /state/runs 2>/dev/null | sort").stdout
    with at_a_terminal(appliance, "client", "add", "web") as dialogue:
        _where(dialogue, machine, "")
        dialogue.answer("Are these the keys of that machine?", "y")
        dialogue.wait_for("Enter when that is done")
        assert dialogue.leave() == 130

    assert "Nothing of web was kept here" in dialogue.shown
    after = appliance.shell("find /config /repos /state/cache /state/runs 2>/dev/null | sort").stdout
    # Folders that every client shares may have come.
    assert {line for line in after.splitlines() if "web" in line} == set()
    assert "id_ed25519" not in after.replace(before, "")
    assert appliance.json("client", "list") == []


def test_a_nas_with_dropbear_understands_the_line(appliance: ApplianceUnderTest, start_machine: StartMachine) -> None:
    nas = start_machine("nas")
    with at_a_terminal(appliance, "client", "add", "nas", "--path", "/srv/tree") as dialogue:
        _where(dialogue, nas, "root")
        dialogue.answer("Are these the keys of that machine?", "y")
        nas.exec("authorize", stdin=_typed_line(dialogue.wait_for("Enter when that is done")))
        dialogue.type("\n")
        dialogue.answer("Method (", "")
        dialogue.answer("Write it?", "")
        dialogue.answer("Make the first backup now?", "", within=120)
        assert dialogue.end(within=180) == 0, dialogue.shown

    assert appliance.status("nas")["state"] == "ok"
    assert appliance.last_run("nas")["listed_by"] == "busybox"


def test_a_nas_whose_sftp_server_is_elsewhere_gets_a_line_that_names_it(
    appliance: ApplianceUnderTest, start_machine: StartMachine
) -> None:
    nas = start_machine("nas")
    nas.exec("mv", "/usr/lib/openssh/sftp-server", "/bin/sftp-server")
    with at_a_terminal(appliance, "client", "add", "nas", "--path", "/srv/tree") as dialogue:
        _where(dialogue, nas, "root")
        dialogue.answer("Are these the keys of that machine?", "y")
        nas.exec("authorize", stdin=_typed_line(dialogue.wait_for("Enter when that is done")))
        dialogue.type("\n")
        seen = dialogue.wait_for("Enter when that is done; on goes on")
        nas.forget_keys()
        for_dropbear = _pasted(seen[seen.index("Dropbear") :], "no-port-forwarding", "borgpull-nas").strip()
        nas.exec("authorize", stdin=for_dropbear.replace("/usr/lib/openssh", "/bin"))
        dialogue.type("\n")
        dialogue.answer("Method (", "")
        dialogue.answer("Write it?", "")
        dialogue.answer("Make the first backup now?", "", within=120)
        assert dialogue.end(within=180) == 0, dialogue.shown

    assert appliance.status("nas")["state"] == "ok"
    assert appliance.last_run("nas")["listed_by"] == "SFTP"


@pytest.mark.parametrize(
    ("kind", "system"), [("bookworm", "Debian GNU/Linux 12"), ("sftp-only", "Debian GNU/Linux 13")]
)
def test_machines_of_every_kind_can_be_looked_at(
    appliance: ApplianceUnderTest, start_machine: StartMachine, kind: str, system: str
) -> None:
    appliance.add_client("one", start_machine(kind, tree="none"))

    told = appliance.json("client", "look", "one")

    assert told["recommended"] == "sshfs"
    assert told["offer"]["system"].startswith(system)
    assert told["offer"]["reads_all"] is (kind == "bookworm")
    (root,) = [one for one in told["offer"]["mounts"] if one["point"] == "/"]
    assert root["size"] > root["used"] > 0
    assert "/proc" in [one["pattern"] for one in told["exclude"]] or kind == "sftp-only"
