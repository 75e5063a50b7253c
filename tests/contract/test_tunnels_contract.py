"""What the gateway's files promise, held by the real ones and by the fake of the other tests alike."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from appliance.edges.tunnels import TunnelFiles
from appliance.errors import StateError
from appliance.plan.tunnel_report import TunnelReport
from appliance.plan.tunnels import FIRST_PORT, public_key
from tests.fakes import FakeTunnels
from tests.house import NOON
from tests.tunnels import KEY

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVF"


def files_in(folder: Path) -> TunnelFiles:
    for name in ("config", "state"):
        (folder / name).mkdir(exist_ok=True)
    return TunnelFiles(config=folder / "config", state=folder / "state", uid=os.getuid(), gid=os.getgid())


@pytest.fixture(params=["files", "fake"])
def tunnels(request: pytest.FixtureRequest, tmp_path: Path) -> TunnelFiles | FakeTunnels:
    return files_in(tmp_path) if request.param == "files" else FakeTunnels()


def test_each_client_gets_a_port_of_its_own_once(tunnels: TunnelFiles | FakeTunnels) -> None:
    first, second = tunnels.register("web1"), tunnels.register("web2")

    assert (first.port, second.port) == (FIRST_PORT, FIRST_PORT + 1)
    assert tunnels.register("web1") == first
    assert tunnels.tunnel("web1") == first
    assert tunnels.tunnels() == {"web1": first, "web2": second}


def test_nobody_has_a_tunnel_at_first(tunnels: TunnelFiles | FakeTunnels) -> None:
    assert tunnels.tunnels() == {}
    assert tunnels.tunnel("web1") is None
    assert tunnels.report() is None


def test_a_key_is_kept_until_another_one_comes(tunnels: TunnelFiles | FakeTunnels) -> None:
    port = tunnels.register("web1").port

    assert tunnels.register("web1", f"{KEY} me@laptop\n").key == KEY
    assert tunnels.register("web1").key == KEY
    assert tunnels.register("web1", OTHER).key == OTHER
    assert tunnels.register("web1").port == port


def test_two_clients_cannot_have_the_same_key(tunnels: TunnelFiles | FakeTunnels) -> None:
    tunnels.register("web1", KEY)

    with pytest.raises(ValueError, match="is the tunnel key of web1 already"):
        tunnels.register("web2", KEY)

    assert tunnels.register("web2", OTHER).key == OTHER


def test_what_is_no_key_changes_nothing(tunnels: TunnelFiles | FakeTunnels) -> None:
    with pytest.raises(ValueError, match="is no public key"):
        tunnels.register("web1", "hello")

    assert tunnels.tunnels() == {}


def test_the_gateway_has_one_host_key_for_ever(tunnels: TunnelFiles | FakeTunnels) -> None:
    assert tunnels.host_key() == tunnels.host_key()
    assert tunnels.host_key().startswith("ssh-ed25519 AAAA")


def test_the_door_holds_exactly_who_may_come_in(tmp_path: Path) -> None:
    tunnels = files_in(tmp_path)
    door = tmp_path / "state/gateway/door/authorized_keys"

    tunnels.open_door("one\ntwo\n")
    assert door.read_text() == "one\ntwo\n"
    written = door.stat().st_ino
    tunnels.open_door("one\ntwo\n")
    assert door.stat().st_ino == written
    tunnels.open_door("")

    assert door.read_text() == ""
    assert [entry.name for entry in door.parent.iterdir()] == ["authorized_keys"]
    assert (tmp_path / "state/gateway/reports").is_dir()


def test_the_host_key_is_nobody_elses_and_is_mended_from_its_private_half(tmp_path: Path) -> None:
    tunnels = files_in(tmp_path)
    line = tunnels.host_key()
    private = tmp_path / "config/gateway/ssh_host_ed25519_key"
    assert private.stat().st_mode & 0o777 == 0o600

    private.with_name("ssh_host_ed25519_key.pub").unlink()

    assert tunnels.host_key() == line == public_key(line)


def test_the_report_of_the_gateway_is_read(tmp_path: Path) -> None:
    tunnels = files_in(tmp_path)
    tunnels.open_door("")
    report = TunnelReport(time=NOON, ports=frozenset({22001}))
    file = tmp_path / "state/gateway/reports/tunnels.json"
    file.write_text(report.to_json())

    assert tunnels.report() == report

    file.write_bytes(b"\xff" * 10)
    assert tunnels.report() is None


@pytest.mark.parametrize("what", ["link", "fifo", "folder"])
def test_a_hostile_gateway_cannot_make_the_supervisor_read_or_wait_for_something_else(
    tmp_path: Path, what: str
) -> None:
    tunnels = files_in(tmp_path)
    tunnels.open_door("")
    file = tmp_path / "state/gateway/reports/tunnels.json"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(TunnelReport(time=NOON, ports=frozenset({22001})).to_json())
    match what:
        case "link":
            file.symlink_to(elsewhere)
        case "fifo":
            os.mkfifo(file)
        case _:
            file.mkdir()

    assert tunnels.report() is None


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "cannot be used"), ("port", "cannot be used"), ("22001 hello", "cannot be used"), ("22002", "the same port")],
)
def test_a_file_that_says_nothing_or_shares_a_port_is_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    tunnels = files_in(tmp_path)
    tunnels.register("web1")
    tunnels.register("web2")
    (tmp_path / "config/tunnels/web1").write_text(text)

    with pytest.raises(StateError, match=said):
        tunnels.tunnels()


def test_keys_that_two_files_share_are_a_sentence(tmp_path: Path) -> None:
    tunnels = files_in(tmp_path)
    tunnels.register("web1", KEY)
    (tmp_path / "config/tunnels/web2").write_text(f"22002 {KEY}\n")

    with pytest.raises(StateError, match="the tunnels of web1 and web2 have the same key"):
        tunnels.tunnels()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("no folder")
    tunnels = TunnelFiles(config=tmp_path / "config", state=tmp_path, uid=os.getuid(), gid=os.getgid())

    with pytest.raises(StateError, match="cannot be"):
        tunnels.register("web1")
