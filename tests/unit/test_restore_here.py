"""Restores onto this server, as the pull container sees them: what stands there, what Borg says, what a zip holds."""

from __future__ import annotations

import io
import os
import re
import stat
import tarfile
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from appliance.borg.exact import exactly
from appliance.borg.extract import extract
from appliance.borg.output import ExtractProgress, read_line
from appliance.plan.run_plan import RunPlan
from appliance.pull import execute, link
from appliance.pull.restores.listening import Listening, Told
from appliance.pull.restores.standing_here import as_patterns, drop_half, inside, is_whole, open_folders
from appliance.pull.restores.zipping import Zipping
from appliance.pull.voice import Voice

if TYPE_CHECKING:
    from pathlib import Path

PLAN = RunPlan(run_id="r1", client="web1", operation="restore", appliance_id="app", method="sshfs", names="client")
LONG_AGO = 1_234_567_890
NAMED = '{"type":"log_message","name":"borg.output.list","levelname":"INFO","message":"%s"}'
WARNING = '{"type":"log_message","name":"borg","levelname":"WARNING","message":"%s","msgid":"%s"}'
PROGRESS = '{"type":"progress_percent","msgid":"extract","current":5,"total":9,"info":["etc/b"],"finished":false}'


# ---- the command ----


def test_paths_are_taken_literally_and_what_is_whole_or_damaged_is_left_out() -> None:
    argv = extract(PLAN, "web1-1", ("-rf", "sh:*"), without=("a b",), without_file="/known").argv

    assert argv[argv.index("extract") :] == (
        "extract", "--list", "--sparse", "--exclude", "pf:a b", "--exclude-from", "/known",
        "/.borgpull/repository::web1-1", "--", "pp:-rf", "sh:*",
    )  # fmt: skip


def test_progress_has_a_total_and_its_end_is_none() -> None:
    assert read_line(PROGRESS) == ExtractProgress(done=5, total=9, path="etc/b")
    assert read_line('{"type":"progress_percent","msgid":"extract","finished":true}') is None


# ---- what stands there ----


def entry_of(path: str, file: Path) -> dict[str, Any]:
    when = datetime.fromtimestamp(file.stat().st_mtime, UTC).replace(tzinfo=None)
    return {"type": "-", "path": path, "size": file.stat().st_size, "isomtime": when.isoformat()}


def test_a_file_is_whole_only_with_its_size_and_its_time(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    os.utime(file, (LONG_AGO, LONG_AGO))
    entry = entry_of("file", file)

    assert is_whole(tmp_path, entry)
    assert not is_whole(tmp_path, entry | {"size": 8})
    assert not is_whole(tmp_path, entry | {"path": "other"})
    os.utime(file)
    assert not is_whole(tmp_path, entry)


def test_half_a_file_goes_and_nothing_that_a_link_leads_to(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root, outside):
        folder.mkdir()
        (folder / "file").write_text("content")
    (root / "way").symlink_to(outside)
    (root / "link").symlink_to(outside / "file")

    for path in ("file", "way/file", "link", "../outside/file", "no/such", ""):
        drop_half(root, path)

    assert not (root / "file").exists()
    assert (outside / "file").exists()
    assert (root / "link").is_symlink()
    assert inside(root, "way/file") is None


def test_half_a_file_goes_by_each_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "one").touch()
    (tmp_path / "two").hardlink_to(tmp_path / "one")

    for path in ("one", "two"):
        drop_half(tmp_path, path)

    assert list(tmp_path.iterdir()) == []


def test_folders_that_an_earlier_pass_has_closed_are_opened(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a").chmod(0o500)

    open_folders(tmp_path)

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    (tmp_path / "a").chmod(0o700)


def test_what_a_file_of_patterns_cannot_hold_is_brought_again() -> None:
    assert as_patterns(("a/b", " a", "a\nb", "c")) == "pf:a/b\npf:c\n"


def test_on_a_disk_that_keeps_whole_seconds_a_file_is_whole_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    os.utime(file, (LONG_AGO, LONG_AGO + 0.75))
    entry = entry_of("file", file)

    os.utime(file, (LONG_AGO, LONG_AGO))
    assert is_whole(tmp_path, entry)
    os.utime(file, (LONG_AGO, LONG_AGO + 3))
    assert not is_whole(tmp_path, entry)


def test_half_a_file_goes_whatever_bytes_are_in_its_name(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    for name in (b"h\xe4lfte", b"h\xf6lfte", b"h\xfclle", b"other"):
        (folder / os.fsdecode(name)).write_text("half")
    # Whole: it has the time that it had.
    os.utime(folder / os.fsdecode(b"h\xf6lfte"), (LONG_AGO, LONG_AGO))

    drop_half(tmp_path, "caf?/h?lfte")

    assert sorted(os.fsencode(place.name) for place in folder.iterdir()) == [b"h\xf6lfte", b"h\xfclle", b"other"]


def test_what_borg_shows_with_question_marks_is_left_out_as_what_it_may_be() -> None:
    assert exactly("a b") == "pf:a b"
    pattern = exactly("caf?/a.b")
    assert re.search(pattern.removeprefix("re:"), os.fsdecode(b"caf\xe9/a.b"))
    assert re.search(pattern.removeprefix("re:"), "caf?/a.b")
    for other in ("caf?/aXb", "cafe/a.b", "café/a.b"):
        assert not re.search(pattern.removeprefix("re:"), other)


# ---- listening to Borg ----


def heard(*lines: str, code: int = 0, stop: bool = False, slow: bool = False) -> Told:
    ours, theirs = link.pair()
    script = f'printf "%s\\n" "$@" >&2; {"exec sleep 60" if slow else f"exit {code}"}'
    argv = ("/bin/sh", "-c", script, "borg", *lines)
    process = execute.start(argv, {"PATH": "/usr/bin:/bin"}, stderr=execute.PIPE)
    if stop:
        link.Link(ours).say(link.STOP, "stopped")
    try:
        return Listening(link.Link(theirs), Voice()).until_the_end(process)
    finally:
        ours.close()
        theirs.close()
        if process.stderr:
            process.stderr.close()


def test_what_borg_names_is_counted_and_the_last_one_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    told = heard(NAMED % "etc/a", NAMED % "etc/b", PROGRESS, code=90)

    assert (told.files, told.last, told.size, told.code) == (2, "etc/b", 5, 90)
    assert '"total_size": 9' in capsys.readouterr().out


def test_warnings_are_kept_and_what_is_not_there_is_told_apart() -> None:
    never = WARNING % ("Include pattern 'etc/x' never matched.", "IncludePatternNeverMatchedWarning")
    told = heard(WARNING % ("etc/a: open: [Errno 1]", "BackupOSError"), never, code=1)

    assert (told.warnings, told.unmatched) == (["etc/a: open: [Errno 1]"], ["etc/x"])


def test_a_full_disk_or_a_stop_ends_borg_at_once() -> None:
    full = heard(WARNING % ("etc/a: write: [Errno 28] No space left on device", "BackupOSError"), slow=True)
    crash = '{"type":"log_message","name":"borg.archiver","levelname":"ERROR","message":"[Errno 28] %s"}'
    crashed = heard(crash % "No space left on device", code=2)
    halted = heard(stop=True, slow=True)

    assert full.is_full
    # As Borg has it of a file that is smaller than a buffer.
    assert crashed.is_full
    assert halted.stopped == "stopped"
    # Not its own end, which would be 0.
    assert (full.code, halted.code) == (-15, -15)


# ---- zip ----


def tar_of(*infos: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for info, content in infos:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mtime, info.mode = kind, target, LONG_AGO, 0o640
    return info


def zipped(data: bytes) -> tuple[bytes, Zipping]:
    out = io.BytesIO()
    out.close = lambda: None  # type: ignore[method-assign]  # what was written is looked at afterwards
    zipping = Zipping(io.BytesIO(data), out)
    zipping.start()
    zipping.join()
    zipping.abandon() if zipping.trouble else zipping.finish()
    return out.getvalue(), zipping


def test_a_zip_holds_files_folders_and_links_and_names_what_it_cannot() -> None:
    data, zipping = zipped(
        tar_of(
            (member("a", tarfile.DIRTYPE), b""),
            (member("a/file"), b"content"),
            (member("a/link", tarfile.SYMTYPE, "../x"), b""),
            (member("b/hard", tarfile.LNKTYPE, "a/file"), b""),
            (member("fifo", tarfile.FIFOTYPE), b""),
        )
    )

    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.namelist() == ["a/", "a/file", "a/link", "b/hard"]
        assert (found.read("a/file"), found.read("a/link"), found.read("b/hard")) == (b"content", b"../x", b"../a/file")
        assert found.getinfo("a/file").external_attr >> 16 == stat.S_IFREG | 0o640
    assert zipping.left_out == [
        "b/hard: a zip holds no hard links: there it is a symbolic link to ../a/file",
        "fifo: not restored: a zip holds neither fifos nor devices",
    ]


def test_a_tar_that_is_cut_never_becomes_a_zip() -> None:
    data, zipping = zipped(tar_of((member("file"), b"x" * 100_000))[:20_000])

    assert zipping.trouble
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(data))
