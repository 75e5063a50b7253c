"""The restore lease: what opens it, for how long, what it allows, and what closes it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from tests.cli_world import CliWorld
from tests.clients import GATEWAY, ON_THE_CLIENT, written

if TYPE_CHECKING:
    from pathlib import Path

KEY = "ssh-ed25519 AAAArestore borgpull-restore-web1"


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path)


def setup(world: CliWorld, method: str, *options: str, extra: str = "") -> str:
    world.configure(GATEWAY + written(method, "direct", extra))
    shown = world.run("client", "setup", "web1", "--restore", *options)
    assert shown.code == 0, shown.err
    return shown.out


def test_the_key_of_a_client_without_borg_may_write_by_sftp_and_run_nothing(world: CliWorld) -> None:
    assert setup(world, "sshfs", "--key-line") == f'restrict,command="internal-sftp" {KEY}\n'
    assert "run nothing" in setup(world, "sshfs")


@pytest.mark.parametrize("method", ON_THE_CLIENT)
def test_the_key_of_a_client_with_borg_may_open_its_channel_or_less_if_less_is_asked(
    world: CliWorld, method: str
) -> None:
    assert "-forwarding ssh-ed25519" in setup(world, method, "--key-line")
    assert setup(world, method, "--key-line", "--way", "tar") == f"restrict {KEY}\n"
    assert setup(world, method, "--key-line", "--way", "numeric") == f'restrict,command="internal-sftp" {KEY}\n'
    assert "it can run any command there as root" in setup(world, method)


def test_a_line_with_an_end_has_it_in_utc_by_our_clock(world: CliWorld) -> None:
    line = setup(world, "sshfs", "--key-line", "--hours", "3")

    end = world.clock.now().replace(hour=world.clock.now().hour + 3)
    assert line == f'expiry-time="{end:%Y%m%d%H%M}Z",restrict,command="internal-sftp" {KEY}\n'


def test_the_text_lets_the_machine_count_the_hours_by_its_own_clock_and_zone(world: CliWorld) -> None:
    text = setup(world, "sshfs", "--hours", "4")

    assert "On web1.lan, as root, paste this. It lets the key in for 4 hours" in text
    assert "s=$(($(date +%s) + 14400))" in text
    assert "unset TZ" in text
    (pasted,) = [shlex.split(line) for line in text.splitlines() if "expiry-time=" in line]
    assert pasted[:4] == ["printf", 'expiry-time="%s",%s\\n', "$end", f'restrict,command="internal-sftp" {KEY}']


def test_the_text_says_how_to_close_it_and_what_to_do_where_dropbear_listens(world: CliWorld) -> None:
    text = setup(world, "sshfs")

    assert "sed -i '/ borgpull-restore-web1$/d' ~/.ssh/authorized_keys" in text
    assert "Dropbear" in text
    assert "until then it stays open" in text
    assert 'command="/usr/lib/openssh/sftp-server" ssh-ed25519' in text
    assert "-R" not in text


def test_who_is_not_root_is_told_that_owners_cannot_be_given(world: CliWorld) -> None:
    assert "Only root can give files away" in setup(world, "sshfs", extra='user = "keeper"')
    assert "give files away" not in setup(world, "sshfs")


def test_the_pull_key_is_not_the_restore_key(world: CliWorld) -> None:
    world.configure(GATEWAY + written("sshfs", "direct", ""))

    assert "restore" not in world.run("client", "setup", "web1", "--key-line").out


@pytest.mark.parametrize("options", [("--way", "tar"), ("--hours", "2")])
def test_options_of_the_lease_mean_nothing_without_it(world: CliWorld, options: tuple[str, ...]) -> None:
    world.configure(GATEWAY + written("sshfs", "direct", ""))

    shown = world.run("client", "setup", "web1", *options)

    assert shown.code == 2
    assert "--restore" in shown.err


def test_a_folder_of_this_host_has_no_restore_key(world: CliWorld) -> None:
    world.configure(written("mount"))

    shown = world.run("client", "setup", "web1", "--restore")

    assert shown.code == 2
    assert "folder of this host" in shown.err
    assert world.keys.restoring == {}


def test_a_new_client_has_its_restore_key_at_once(world: CliWorld) -> None:
    assert world.run("client", "add", "db1", "--host", "db1.lan").code == 0

    assert "db1" in world.keys.restoring


def test_a_reader_may_write_nowhere_and_is_told_what_to_do_instead(world: CliWorld) -> None:
    world.configure('[clients.web1]\nhost = "web1.lan"\nuser = "borgpull-reader"\npaths = ["/"]\n')

    text = world.run("client", "setup", "web1", "--restore").out

    assert "borgpull restore web1 latest PATH --way local" in text
    assert 'user = "root"' in text
    assert "authorized_keys" not in text
