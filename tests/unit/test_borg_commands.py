from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.borg import check, repository
from appliance.borg.create import create, relative
from appliance.plan.run_plan import ACLS, TRUE_INODES, XATTRS, RunPlan

PLAN = RunPlan(
    run_id="r1",
    client="web1",
    operation="create",
    appliance_id="app",
    method="sshfs",
    names="client",
    paths=("/etc", "/srv/data"),
    exclude=("sh:**/.cache",),
    archive_name="web1-2026-11-22T02:30:00",
)


def test_create_makes_the_archive_under_its_temporary_name_with_relative_paths() -> None:
    argv = create(PLAN).argv

    assert argv[-4:] == ("/.borgpull/repository::web1.tmp-r1", "--", "etc", "srv/data")


def test_excludes_are_handed_over_as_they_are_written() -> None:
    argv = create(PLAN).argv

    assert argv[argv.index("--exclude") + 1] == "sh:**/.cache"


def test_the_chroot_leaves_its_own_room_out_of_the_archive() -> None:
    assert "pp:.borgpull" in create(replace(PLAN, names="chroot")).argv
    assert "pp:.borgpull" not in create(PLAN).argv


def test_over_sshfs_nothing_is_asked_that_sftp_cannot_answer() -> None:
    argv = create(PLAN).argv

    assert {"--noflags", "--noacls", "--noxattrs"} <= set(argv)
    assert argv[argv.index("--files-cache") + 1] == "mtime,size"


def test_a_folder_of_the_host_keeps_borgs_safe_files_cache_and_all_metadata() -> None:
    argv = create(replace(PLAN, method="mount", names="numeric")).argv

    assert argv[argv.index("--files-cache") + 1] == "ctime,size,inode"
    assert not {"--noflags", "--noacls", "--noxattrs"} & set(argv)
    assert "--numeric-ids" in argv


def test_every_run_has_a_lock_owner_of_its_own() -> None:
    one, other = create(PLAN).env, create(replace(PLAN, run_id="r2")).env

    assert one["BORG_HOST_ID"] != other["BORG_HOST_ID"]


def test_borg_never_answers_its_own_questions() -> None:
    env = create(PLAN).env

    assert env["BORG_RELOCATED_REPO_ACCESS_IS_OK"] == "no"
    assert env["BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK"] == "no"


def test_no_command_carries_a_passphrase() -> None:
    assert not any("PASS" in key for key in create(PLAN).env)


@pytest.mark.parametrize("name", ["web1-2026-11-22T02:30:00", "web10.tmp-r1", "anything"])
def test_only_temporary_archives_of_the_client_can_be_deleted(name: str) -> None:
    with pytest.raises(ValueError, match="only temporary archives"):
        repository.delete(PLAN, ("web1.tmp-r0", name))


def test_an_empty_list_never_becomes_a_delete_of_the_repository() -> None:
    with pytest.raises(ValueError, match="only temporary archives"):
        repository.delete(PLAN, ())


@pytest.mark.parametrize(("path", "expected"), [("/", "."), ("/etc", "etc"), ("/srv/data/", "srv/data")])
def test_paths_become_relative_to_the_sources_root(path: str, expected: str) -> None:
    assert relative(path) == expected


def test_a_check_of_files_reads_all_of_them_or_for_as_long_as_it_may() -> None:
    assert check.check_files(PLAN).argv[-3:] == ("check", "--repository-only", "/.borgpull/repository")
    assert check.check_files(PLAN, seconds=3600).argv[-3:-1] == ("--max-duration", "3600")


def test_reading_an_archive_whole_writes_nothing() -> None:
    assert check.read_whole(PLAN, "web1-x").argv[-3:] == ("extract", "--dry-run", "/.borgpull/repository::web1-x")


def test_a_look_in_parts_is_unfinished_while_borg_has_written_down_how_far_it_came() -> None:
    assert check.is_unfinished("[repository]\nid = 00\nlast_segment_checked = 7\n")
    assert not check.is_unfinished("[repository]\nid = 00\n")


def test_borg_asks_file_by_file_only_for_what_a_listing_has() -> None:
    plan = replace(PLAN, method="sshfs")
    assert {"--noacls", "--noxattrs", "mtime,size"} <= set(create(plan).argv)
    bare, whole = create(plan, frozenset({TRUE_INODES})).argv, create(plan, frozenset({TRUE_INODES, ACLS, XATTRS})).argv
    assert {"--noacls", "--noxattrs", "ctime,size,inode"} <= set(bare)
    assert "ctime,size,inode" in whole
    assert {"--noacls", "--noxattrs"} & set(whole) == set()
