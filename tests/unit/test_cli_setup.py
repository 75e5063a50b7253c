"""What an operator is told to do on a client, for each method and each reach."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from appliance.cli.key_lines import LISTING, READ_ONLY
from appliance.pull.listing import script
from tests.cli_world import CliWorld
from tests.clients import GATEWAY, ON_THE_CLIENT, written

if TYPE_CHECKING:
    from pathlib import Path

LINES = {
    "sshfs": LISTING,
    "socat": "restrict,port-forwarding",
    "ssh-agent": "restrict,agent-forwarding",
    "remote-forward": "restrict,port-forwarding",
}
ALLOW = {"socat": "AllowStreamLocalForwarding", "ssh-agent": "AllowAgentForwarding", "remote-forward": "AllowTcp"}


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path)


def setup(world: CliWorld, method: str, *options: str, reach: str = "direct", extra: str = "") -> str:
    world.configure(GATEWAY + written(method, reach, extra))
    shown = world.run("client", "setup", "web1", *options)
    assert shown.code == 0, shown.err
    return shown.out


@pytest.mark.parametrize("method", LINES)
def test_the_key_may_do_the_least_that_its_method_needs(world: CliWorld, method: str) -> None:
    assert setup(world, method, "--key-line") == f"{LINES[method]} ssh-ed25519 AAAAweb1 borgpull-web1\n"


@pytest.mark.parametrize("method", LINES)
def test_the_whole_text_pastes_the_same_line(world: CliWorld, method: str) -> None:
    line = setup(world, method, "--key-line").strip()

    pasted = [shlex.split(one) for one in setup(world, method).splitlines() if one.strip().startswith("printf")]

    assert ["printf", "%s\\n", line, ">>", "~/.ssh/authorized_keys"] in pasted


@pytest.mark.parametrize("listing", ["auto", "require"])
def test_the_key_of_a_listed_machine_admits_the_program_and_sftp(world: CliWorld, listing: str) -> None:
    key, wanted = "ssh-ed25519 AAAAweb1 borgpull-web1", f'listing = "{listing}"'

    assert setup(world, "sshfs", "--key-line", extra=wanted) == f"{LISTING} {key}\n"
    text = setup(world, "sshfs", extra=wanted)
    assert ["printf", "%s\\n", f"{LISTING} {key}", ">>", "~/.ssh/authorized_keys"] in [
        shlex.split(line) for line in text.splitlines() if line.strip().startswith("printf")
    ]
    assert (f"{READ_ONLY} {key}" in text) == (listing == "auto")
    assert f"no-pty,command=\"exec /bin/sh -c '{script.FORCED}'\" {key}" in text


def test_without_the_listing_the_key_reads_by_sftp_alone(world: CliWorld) -> None:
    line = setup(world, "sshfs", "--key-line", extra='listing = "never"')

    assert line == 'restrict,command="internal-sftp -R" ssh-ed25519 AAAAweb1 borgpull-web1\n'
    assert script.SHA256 not in setup(world, "sshfs", extra='listing = "never"')


def test_the_line_of_the_listing_is_what_sshd_reads_as_its_command() -> None:
    options, _, command = LISTING.partition('command="')

    assert options == "restrict,"
    # Dropbear takes no escapes.
    assert not set('"\\') & set(command.removesuffix('"'))
    assert shlex.split(command.removesuffix('"')) == ["exec", "/bin/sh", "-c", script.FORCED]


@pytest.mark.parametrize("hooks", ['before = ["true"]', 'after = ["true"]'])
def test_a_key_that_has_to_run_hooks_is_not_bound_to_sftp_and_the_text_says_so(world: CliWorld, hooks: str) -> None:
    assert setup(world, "sshfs", "--key-line", extra=hooks) == "restrict ssh-ed25519 AAAAweb1 borgpull-web1\n"
    assert "the key can run any command as root" in setup(world, "sshfs", extra=hooks)


@pytest.mark.parametrize("method", ON_THE_CLIENT)
def test_borg_on_the_client_needs_borg_an_sshd_that_allows_it_and_an_operator_who_knows(
    world: CliWorld, method: str
) -> None:
    text = setup(world, method)

    for install in ("apt install borgbackup", "apk add borgbackup", "dnf install borgbackup", "pacman -S borg"):
        assert install in text
    assert ALLOW[method] in text
    assert "DisableForwarding" in text
    assert "The key can run any command as root" in text
    assert "can learn the passphrase" in text
    assert "the client can delete its archives" in text


def test_only_socat_asks_for_socat_and_only_the_others_for_ssh(world: CliWorld) -> None:
    assert ["and socat" in setup(world, method) for method in ON_THE_CLIENT] == [True, False, False]
    assert ["the ssh client of OpenSSH" in setup(world, method) for method in ON_THE_CLIENT] == [False, True, True]


def test_an_agents_client_is_told_what_it_must_reach(world: CliWorld) -> None:
    text = setup(world, "ssh-agent")

    assert "The client must reach nas.lan:2222" in text
    assert "firewall" in text


def test_other_users_of_a_forwarded_port_are_spoken_of(world: CliWorld) -> None:
    text = setup(world, "remote-forward")

    assert "every user of the client can connect to the forwarded port" in text
    assert "they get nowhere" in text


def test_who_is_not_root_is_told_what_will_be_missing(world: CliWorld) -> None:
    text = setup(world, "socat", extra='user = "keeper"')

    assert "On web1.lan, as keeper," in text
    assert "reads only what its permissions allow" in text
    assert "PermitRootLogin" not in text


def test_a_client_that_dials_in_is_called_by_its_name_for_its_host_is_its_own_localhost(world: CliWorld) -> None:
    assert "On web1, as root," in setup(world, "remote-forward", reach="dial-in")


def test_a_folder_has_no_key(world: CliWorld) -> None:
    world.configure(written("mount"))

    shown = world.run("client", "setup", "web1", "--key-line")

    assert (shown.code, shown.out) == (2, "")


@pytest.mark.parametrize("way", ["capability", "sudo"])
def test_the_reader_recipe_binds_the_key_to_reading(world: CliWorld, way: str) -> None:
    out = setup(world, "sshfs", "--reader", way)

    assert "borgpull-reader" in out
    assert out.count("restrict,command=") == 1
    assert 'sftp-server -R"' in out or '%s -R"' in out


@pytest.mark.parametrize(("method", "extra"), [("socat", ""), ("mount", ""), ("sshfs", 'before = ["true"]')])
def test_a_reader_is_for_what_runs_no_commands(world: CliWorld, method: str, extra: str) -> None:
    world.configure(written(method, extra=extra))

    shown = world.run("client", "setup", "web1", "--reader", "capability")

    assert shown.code == 2
    assert "--reader is for method sshfs" in shown.err
