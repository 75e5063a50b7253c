"""The secrets of the clients: made once, private, never replaced."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from appliance.edges.keys import KeyStore
from appliance.errors import StateError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path, uid=os.getuid(), gid=os.getgid())


def test_a_client_gets_a_key_pair_and_a_passphrase_of_its_own(store: KeyStore, tmp_path: Path) -> None:
    store.create("web")
    store.create("db")

    private = load_ssh_private_key((tmp_path / "keys/web/id_ed25519").read_bytes(), password=None)
    assert private is not None
    assert store.public_key("web").startswith("ssh-ed25519 ")
    assert store.public_key("web").endswith(" borgpull-web")
    assert store.public_key("web").split()[1] != store.public_key("db").split()[1]
    passphrase = (tmp_path / "secrets/web/passphrase").read_text().strip()
    assert len(passphrase) >= 32
    assert passphrase != (tmp_path / "secrets/db/passphrase").read_text().strip()


def test_secrets_are_private_and_nothing_else_is_left_behind(store: KeyStore, tmp_path: Path) -> None:
    store.create("web")

    modes = {str(path.relative_to(tmp_path)): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes == {
        "keys": 0o700,
        "keys/web": 0o700,
        "keys/web/id_ed25519": 0o600,
        "keys/web/id_ed25519.pub": 0o644,
        "secrets": 0o700,
        "secrets/web": 0o700,
        "secrets/web/passphrase": 0o600,
    }
    assert store.problems("web") == ()


def test_the_restore_key_is_a_private_pair_of_its_own_that_names_what_it_is_for(
    store: KeyStore, tmp_path: Path
) -> None:
    store.create("web")

    store.create_restore_key("web")
    made = store.restore_public_key("web")
    store.create_restore_key("web")

    assert made.split()[0] == "ssh-ed25519"
    assert made.endswith(" borgpull-restore-web")
    assert made.split()[1] != store.public_key("web").split()[1]
    assert store.restore_public_key("web") == made
    assert (tmp_path / "keys/web/id_ed25519_restore").stat().st_mode & 0o777 == 0o600
    assert store.problems("web") == ()
    (tmp_path / "keys/web/id_ed25519_restore").chmod(0o640)
    assert "id_ed25519_restore may be read by others" in store.problems("web")[0]


def test_a_key_for_the_way_back_is_made_once_and_is_private(store: KeyStore, tmp_path: Path) -> None:
    key = tmp_path / "keys" / "web" / "id_ed25519_agent"

    store.create_agent_key("web")
    made = key.read_bytes()
    store.create_agent_key("web")

    assert made.startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----")
    assert key.read_bytes() == made
    assert key.stat().st_mode & 0o777 == 0o600


def test_what_is_there_is_never_replaced(store: KeyStore, tmp_path: Path) -> None:
    store.create("web")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    store.create("web")

    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_lost_public_key_is_made_again_from_the_private_one(store: KeyStore, tmp_path: Path) -> None:
    store.create("web")
    before = store.public_key("web")
    (tmp_path / "keys/web/id_ed25519.pub").unlink()

    store.create("web")

    assert store.public_key("web") == before


def test_a_client_without_a_key_pair_is_a_sentence_with_the_command(store: KeyStore) -> None:
    with pytest.raises(StateError, match="borgpull client add web"):
        store.public_key("web")


def test_missing_and_open_secrets_are_found(store: KeyStore, tmp_path: Path) -> None:
    store.create("web")
    (tmp_path / "keys/web/id_ed25519").chmod(0o644)
    (tmp_path / "secrets/web/passphrase").unlink()

    opened, missing = store.problems("web")
    assert "mode 0644" in opened
    assert "passphrase: No such file" in missing


def test_host_keys_are_pinned_under_the_name_of_the_client(store: KeyStore, tmp_path: Path) -> None:
    assert store.pinned("web") == ()

    store.pin("web", ("ssh-ed25519 AAAA", "ssh-rsa BBBB a comment"))
    assert (tmp_path / "known_hosts/web").read_text() == "web ssh-ed25519 AAAA\nweb ssh-rsa BBBB\n"

    store.pin("web", ("ssh-ed25519 CCCC",))
    assert store.pinned("web") == ("ssh-ed25519 CCCC",)


def test_machines_on_the_way_are_pinned_beside_the_client_and_apart_from_it(store: KeyStore, tmp_path: Path) -> None:
    store.pin("web", ("ssh-ed25519 HOP1",), 1)
    assert store.pinned("web") == ()

    store.pin("web", ("ssh-ed25519 AAAA",))
    store.pin("web", ("ssh-ed25519 HOP2",), 2)
    store.pin("web", ("ssh-ed25519 FRESH",), 1)

    assert (store.pinned("web"), store.pinned("web", 1), store.pinned("web", 2)) == (
        ("ssh-ed25519 AAAA",),
        ("ssh-ed25519 FRESH",),
        ("ssh-ed25519 HOP2",),
    )
    written = (tmp_path / "known_hosts/web").read_text().splitlines()
    assert sorted(written) == ["jump1/web ssh-ed25519 FRESH", "jump2/web ssh-ed25519 HOP2", "web ssh-ed25519 AAAA"]


def test_a_line_for_several_machines_keeps_the_others(store: KeyStore, tmp_path: Path) -> None:
    store.pin("web", ())
    (tmp_path / "known_hosts/web").write_text("web,jump1/web ssh-ed25519 SAME\n")

    store.pin("web", ("ssh-ed25519 FRESH",), 1)

    assert (store.pinned("web"), store.pinned("web", 1)) == (("ssh-ed25519 SAME",), ("ssh-ed25519 FRESH",))


def test_a_broken_known_hosts_file_is_a_sentence(store: KeyStore, tmp_path: Path) -> None:
    store.pin("web", ())
    (tmp_path / "known_hosts/web").write_text("# fine\nweb ssh-ed25519\n")

    with pytest.raises(StateError, match="no host key"):
        store.pinned("web")


def test_what_was_made_for_a_client_that_never_came_to_be_goes_and_that_of_others_stays(
    store: KeyStore, tmp_path: Path
) -> None:
    store.create("web")
    store.create("db")
    store.create_restore_key("web")
    store.pin("web", ("ssh-ed25519 AAAA",))
    assert store.is_known("web")

    store.forget("web")
    store.forget("never")

    assert not store.is_known("web")
    assert not list(tmp_path.rglob("*web*"))
    assert store.is_known("db")
