from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from appliance.cli.host_keys import HostKey
from appliance.cli.key_lines import LISTING, NO_INTERNAL_LISTING
from appliance.record import Reason
from tests.cli_world import CliWorld

if TYPE_CHECKING:
    from pathlib import Path

OLD = "AAAAC3NzaC1lZDI1NTE5AAAAIHmsMbK1V1Xgh4rmkk0qg6QiZ+bFoHvFo0v0n3vV5qCc"
NEW = "AAAAC3NzaC1lZDI1NTE5AAAAIKDuVhCHoMLq2PDtJzB0Ap4q3iXfeTz8W6HaYe9bgTqI"


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path)


def test_adding_writes_a_file_makes_the_keys_and_says_what_to_paste(world: CliWorld) -> None:
    shown = world.run(
        "client", "add", "nas", "--host", "nas.lan", "--user", "keeper", "--path", "/srv", "--every", "6h"
    )

    written = tomllib.loads((world.config / "clients.d/nas.toml").read_text(encoding="utf-8"))
    assert shown.code == 0, shown.err
    assert written["clients"]["nas"] == {"host": "nas.lan", "user": "keeper", "paths": ["/srv"], "every": "6h"}
    assert "nas" in world.keys.pairs
    assert 'restrict,command="internal-sftp -R" ssh-ed25519 AAAAnas borgpull-nas' in shown.out
    assert "borgpull client setup nas --reader capability" in shown.out
    assert "setcap cap_dac_read_search+ep" in world.run("client", "setup", "nas", "--reader", "capability").out
    assert '"keeper ALL=(root) NOPASSWD: $server -R"' in world.run("client", "setup", "nas", "--reader", "sudo").out
    assert world.run("config", "check").out == "fine: 3 clients\n"


def test_a_folder_makes_a_client_of_method_mount_that_needs_no_setup(world: CliWorld) -> None:
    shown = world.run("client", "add", "photos", "--folder", "/mnt/photos")

    assert shown.code == 0, shown.err
    assert "Nothing is to be set up for photos" in shown.out


def test_what_does_not_hold_is_not_left_there(world: CliWorld) -> None:
    shown = world.run("client", "add", "nas", "--host", "keeper@nas.lan")

    assert shown.code == 2
    assert "clients.d/nas.toml" in shown.err
    assert not (world.config / "clients.d/nas.toml").exists()
    assert not world.keys.pairs


def test_without_keys_there_is_no_client_either(world: CliWorld) -> None:
    world.keys.trouble = "/config is read-only"

    assert world.run("client", "add", "nas", "--host", "nas.lan").code == 9
    assert not (world.config / "clients.d/nas.toml").exists()


def test_an_existing_client_is_never_overwritten(world: CliWorld) -> None:
    world.run("client", "add", "nas", "--host", "nas.lan")
    before = (world.config / "clients.d/nas.toml").read_text(encoding="utf-8")

    assert world.run("client", "add", "nas", "--host", "other.lan").code == 2
    assert world.run("client", "add", "web1", "--host", "other.lan").code == 2
    assert (world.config / "clients.d/nas.toml").read_text(encoding="utf-8") == before


@pytest.mark.parametrize("name", ["../web1", "Web1", "a b", ""])
def test_a_name_that_cannot_be_one_writes_nothing(world: CliWorld, name: str) -> None:
    assert world.run("client", "add", name, "--host", "x.lan").code == 2
    assert not (world.config / "clients.d").exists()


def test_setup_makes_missing_keys_and_prints_the_line_alone_when_asked(world: CliWorld) -> None:
    shown = world.run("client", "setup", "web1", "--key-line")

    assert shown.out == f"{LISTING} ssh-ed25519 AAAAweb1 borgpull-web1\n"


def test_setup_has_a_way_for_dropbear_and_one_for_sshd_config(world: CliWorld) -> None:
    out = world.run("client", "setup", "web1").out

    assert f"\n  {NO_INTERNAL_LISTING} ssh-ed25519" in out
    assert "Match User root" in out
    assert "setcap" not in out


def test_trust_shows_the_fingerprint_and_pins_after_a_yes(world: CliWorld) -> None:
    world.answer({"type": "ssh-ed25519", "key": OLD})

    shown = world.run("client", "trust", "web1", typed="y\n")

    assert shown.code == 0
    assert HostKey(kind="ssh-ed25519", key=OLD).fingerprint in shown.out
    assert "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in shown.out
    assert world.keys.pins == {"web1": (f"ssh-ed25519 {OLD}",)}
    assert not [state for state in world.engine.ours("the-appliance") if state.running]


def test_trust_without_a_yes_pins_nothing(world: CliWorld) -> None:
    world.answer({"type": "ssh-ed25519", "key": OLD})

    assert world.run("client", "trust", "web1", typed="n\n").code == 130
    assert not world.keys.pins


def test_a_changed_key_is_shown_beside_the_old_and_needs_replace(world: CliWorld) -> None:
    world.keys.pin("web1", (f"ssh-ed25519 {OLD}",))
    world.answer({"type": "ssh-ed25519", "key": NEW})

    shown = world.run("client", "trust", "web1", "--yes")

    assert shown.code == 3
    assert HostKey(kind="ssh-ed25519", key=OLD).fingerprint in shown.err
    assert HostKey(kind="ssh-ed25519", key=NEW).fingerprint in shown.err
    assert world.keys.pins["web1"] == (f"ssh-ed25519 {OLD}",)

    assert world.run("client", "trust", "web1", "--yes", "--replace").code == 0
    assert world.keys.pins["web1"] == (f"ssh-ed25519 {NEW}",)


def test_the_pinned_key_again_changes_nothing(world: CliWorld) -> None:
    world.keys.pin("web1", (f"ssh-ed25519 {OLD}",))
    world.answer({"type": "ssh-ed25519", "key": OLD}, {"type": "ssh-rsa", "key": NEW})

    shown = world.run("client", "trust", "web1")

    assert shown.code == 0
    assert "nothing was changed" in shown.out


def test_a_given_fingerprint_pins_that_key_alone(world: CliWorld) -> None:
    world.answer({"type": "ssh-rsa", "key": NEW}, {"type": "ssh-ed25519", "key": OLD})
    wanted = HostKey(kind="ssh-ed25519", key=OLD).fingerprint

    assert world.run("client", "trust", "web1", "--fingerprint", "SHA256:wrong").code == 3
    assert not world.keys.pins
    assert world.run("client", "trust", "web1", "--fingerprint", wanted).code == 0
    assert world.keys.pins["web1"] == (f"ssh-ed25519 {OLD}",)


def test_an_unreachable_machine_is_said_and_leaves_no_container(world: CliWorld) -> None:
    world.answer(reason=Reason.UNREACHABLE, message="web1.lan:22 does not answer.")

    shown = world.run("client", "trust", "web1", "--yes")

    assert (shown.code, shown.err) == (3, "borgpull: web1.lan:22 does not answer.\n")
    assert not world.engine.ours("the-appliance")
    assert not list((world.state / "runs/web1").iterdir())


def test_a_folder_has_no_host_key(world: CliWorld) -> None:
    assert world.run("client", "trust", "media").code == 2


def test_the_fingerprint_is_that_of_ssh_keygen() -> None:
    key = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"

    assert HostKey(kind="ssh-ed25519", key=key).fingerprint == "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"


def test_the_list_says_where_each_client_is(world: CliWorld) -> None:
    media, web1 = world.run("client", "list", "--json").data

    assert (web1["source"], media["source"]) == ("root@web1.lan: /", "/mnt/media: /")
    assert "root@web1.lan: /" in world.run("client", "list").out


def test_a_lost_passphrase_is_never_replaced_by_a_new_one(world: CliWorld) -> None:
    world.with_repository("web1")

    shown = world.run("client", "setup", "web1")

    assert shown.code == 9
    assert "bring /config/secrets/web1/passphrase back" in shown.err
    assert not world.keys.pairs
