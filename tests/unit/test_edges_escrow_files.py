"""The files of the appliance on their way into the escrow and out of it."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.edges.escrow_files import EscrowFiles
from appliance.errors import StateError
from appliance.plan import escrow
from appliance.plan.container import lent_file, plan_file
from appliance.plan.escrow import BundledFile
from appliance.plan.make import plan_run
from appliance.plan.operations import ESCROW_CHECK
from appliance.plan.places import EXPORTED_KEY, PASSPHRASE
from tests.house import NOON, one

if TYPE_CHECKING:
    from pathlib import Path


def files_in(folder: Path) -> EscrowFiles:
    for name in ("config", "state"):
        (folder / name).mkdir(parents=True)
    return EscrowFiles(config=folder / "config", state=folder / "state", uid=os.getuid(), gid=os.getgid())


@pytest.fixture
def files(tmp_path: Path) -> EscrowFiles:
    made = files_in(tmp_path / "old")
    made.put(
        [
            BundledFile(path="config/borgpull.toml", content=b"[appliance]\n", mode=0o644),
            BundledFile(path="config/secrets/web1/passphrase", content=b"secret\n"),
        ]
    )
    return made


def test_what_is_gathered_is_put_on_another_machine_with_its_modes(files: EscrowFiles, tmp_path: Path) -> None:
    other = files_in(tmp_path / "new")

    other.put(files.gather())

    assert other.gather() == files.gather()
    passphrase = tmp_path / "new/config/secrets/web1/passphrase"
    assert stat.S_IMODE(passphrase.stat().st_mode) == 0o600
    assert stat.S_IMODE(passphrase.parent.stat().st_mode) == 0o700
    assert other.fingerprint() == files.fingerprint()


def test_a_link_is_gathered_as_what_it_leads_to(files: EscrowFiles, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("[appliance]\n", encoding="utf-8")
    (tmp_path / "old/config/linked.toml").symlink_to(tmp_path / "elsewhere")

    assert [file.content for file in files.gather() if file.path == "config/linked.toml"] == [b"[appliance]\n"]


def test_a_linked_folder_is_gathered_as_a_folder_and_is_in_the_fingerprint(files: EscrowFiles, tmp_path: Path) -> None:
    before, elsewhere = files.fingerprint(), tmp_path / "git/clients.d"
    elsewhere.mkdir(parents=True)
    (elsewhere / "web1.toml").write_text('host = "web1.lan"\n', encoding="utf-8")
    (tmp_path / "old/config/clients.d").symlink_to(elsewhere)
    linked = files.fingerprint()
    (elsewhere / "web1.toml").write_text('host = "web2.lan"\n', encoding="utf-8")

    gathered = {file.path: file.content for file in files.gather()}

    assert gathered["config/clients.d/web1.toml"] == b'host = "web2.lan"\n'
    assert len({before, linked, files.fingerprint()}) == 3


def test_a_folder_in_the_configuration_and_a_link_to_it_are_both_gathered(files: EscrowFiles, tmp_path: Path) -> None:
    (tmp_path / "old/config/linked").symlink_to("secrets")

    paths = [file.path for file in files.gather()]

    assert paths == ["config/borgpull.toml", "config/linked/web1/passphrase", "config/secrets/web1/passphrase"]


def test_links_that_lead_in_a_circle_come_to_an_end(files: EscrowFiles, tmp_path: Path) -> None:
    config = tmp_path / "old/config"
    (config / "self").symlink_to(".")
    for name, other in (("one", "two"), ("two", "one")):
        (config / name).mkdir()
        (config / name / f"{name}.toml").write_text("", encoding="utf-8")
        (config / name / other).symlink_to(f"../{other}")

    paths = [file.path for file in files.gather()]

    assert "config/one/two/two.toml" in paths
    assert all(len(path.split("/")) <= 4 for path in paths)


def test_a_link_to_a_folder_around_the_configuration_is_refused_by_name(files: EscrowFiles, tmp_path: Path) -> None:
    (tmp_path / "old/config/up").symlink_to("..")

    with pytest.raises(StateError, match="up is a link to"):
        files.gather()


@pytest.mark.parametrize(
    "name",
    ["borgpull.toml~", ".borgpull.toml.swp", "borgpull-escrow-2026-11-25", "escrow.gpg", "escrow.gpg.incomplete"],
)
def test_what_editors_leave_and_earlier_escrows_are_no_part_of_it(
    files: EscrowFiles, tmp_path: Path, name: str
) -> None:
    before = files.fingerprint()

    (tmp_path / "old/config" / name).write_text("x", encoding="utf-8")

    assert files.fingerprint() == before


def test_another_secret_is_another_fingerprint(files: EscrowFiles, tmp_path: Path) -> None:
    before = files.fingerprint()

    (tmp_path / "old/config/secrets/web1/passphrase").write_text("another\n", encoding="utf-8")

    assert files.fingerprint() != before


def test_a_film_in_the_configuration_is_refused_by_name(files: EscrowFiles, tmp_path: Path) -> None:
    with (tmp_path / "old/config/film").open("wb") as film:
        film.truncate(5 << 20)

    with pytest.raises(StateError, match="film is too large"):
        files.gather()


def test_only_files_of_another_content_are_in_the_way(files: EscrowFiles, tmp_path: Path) -> None:
    gathered = files.gather()
    assert files.in_the_way(gathered) == ()

    (tmp_path / "old/config/borgpull.toml").write_text("mine\n", encoding="utf-8")

    assert files.in_the_way(gathered) == (tmp_path / "old/config/borgpull.toml",)


@pytest.mark.parametrize("path", ["config/../../etc/passwd", "/etc/passwd", "etc/passwd", "config/", "config//x"])
def test_no_path_leads_out_of_the_appliance(files: EscrowFiles, path: str) -> None:
    with pytest.raises(StateError, match="no place here"):
        files.put([BundledFile(path=path, content=b"")])


def test_the_journal_of_before_leaves_no_side_files_for_the_new_one(files: EscrowFiles, tmp_path: Path) -> None:
    state = tmp_path / "old/state"
    for name in ("journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"):
        (state / name).write_text("old", encoding="utf-8")

    files.put([BundledFile(path=escrow.JOURNAL, content=b"new")])

    assert [path.name for path in state.iterdir()] == ["journal.sqlite"]
    assert (state / "journal.sqlite").read_bytes() == b"new"


def test_secrets_are_lent_for_the_look_alone_and_are_gone_whatever_happens(files: EscrowFiles, tmp_path: Path) -> None:
    plan = plan_run(one(), ESCROW_CHECK, run_id="look-1", now=NOON, appliance_id="us")
    places = (lent_file(plan, PASSPHRASE), lent_file(plan, EXPORTED_KEY), plan_file(plan))
    seen = []

    def look_and_fail() -> None:
        with files.lent(plan, passphrase=b"secret", key=b"BORG_KEY"):
            for here in (tmp_path / "old" / place.relative_to("/") for place in places):
                assert stat.S_IMODE(here.stat().st_mode) == 0o600
                seen.append(here.read_bytes())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        look_and_fail()
    assert seen == [b"secret", b"BORG_KEY", plan.to_json().encode()]
    assert [path for path in (tmp_path / "old/state").rglob("*") if path.is_file()] == []


def killed_look(state: Path) -> list[Path]:
    """Leave what a look leaves that is killed while its container reads, and another one while it still writes."""
    folder = state / "runs/web1"
    folder.mkdir(parents=True, exist_ok=True)
    names = ("escrow-check-0a.json", "escrow-check-0a.passphrase", "escrow-check-0a.exported_key")
    left = [folder / name for name in (*names, ".escrow-check-0b.passphrase.12345678")]
    for place in left:
        place.write_text("secret", encoding="utf-8")
    (folder / "plan.json").write_text("{}", encoding="utf-8")
    return left


def test_secrets_of_a_look_that_was_killed_go_with_the_next_look(files: EscrowFiles, tmp_path: Path) -> None:
    left = killed_look(tmp_path / "old/state")
    plan = plan_run(one(), ESCROW_CHECK, run_id="escrow-check-1c", now=NOON, appliance_id="us")

    with files.lent(plan, passphrase=b"secret", key=b"BORG_KEY"):
        there = [path for path in left if path.exists()]

    assert there == []
    assert [path.name for path in (tmp_path / "old/state/runs/web1").iterdir()] == ["plan.json"]


def test_a_sweep_takes_what_was_left_and_nothing_of_a_look_at_work(files: EscrowFiles, tmp_path: Path) -> None:
    plan = plan_run(one(), ESCROW_CHECK, run_id="escrow-check-1c", now=NOON, appliance_id="us")
    at_work = tmp_path / "old" / lent_file(plan, PASSPHRASE).relative_to("/")

    with files.lent(plan, passphrase=b"secret", key=b"BORG_KEY"):
        with files.lent(replace(plan, run_id="escrow-check-2d"), passphrase=b"secret", key=b"BORG_KEY"):
            files.sweep()
            assert at_work.exists()
        files.sweep()
        assert at_work.exists()
    left = killed_look(tmp_path / "old/state")
    files.sweep()

    assert [path for path in left if path.exists()] == []


def test_what_cannot_be_swept_is_said_with_its_place(
    files: EscrowFiles, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_look(tmp_path / "old/state")

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        del missing_ok
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(type(tmp_path), "unlink", refuse)
    files.sweep()

    assert f"may be in {tmp_path}/old/state/runs/web1" in caplog.text


def test_where_nothing_ever_ran_there_is_nothing_to_sweep(files: EscrowFiles) -> None:
    files.sweep()
