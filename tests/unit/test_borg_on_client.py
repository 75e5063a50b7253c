"""Borg on a client as values: which versions, which command there, and what is served to it here."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from appliance.borg import versions
from appliance.borg.create import client_environment, create_on_client
from appliance.borg.serve import serve
from appliance.plan.run_plan import RunPlan

BASE = "/root/.cache/borgpull"
PLAN = RunPlan(
    run_id="r1",
    client="web1",
    operation="create",
    appliance_id="app",
    method="socat",
    names="client",
    paths=("/etc", "/srv/data"),
    exclude=("sh:**/.cache",),
    archive_name="web1-2026-11-22T02:30:00",
    storage_quota=5_000_000_000,
)
STREAM = replace(PLAN, paths=(), stream_command="pg_dumpall | grep -v '^--'", stream_name="postgres.sql")


def argv(plan: RunPlan) -> tuple[str, ...]:
    return create_on_client(plan, base=BASE, rsh="sh /x/rsh").argv


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("borg 1.4.5", "1.4.5"),
        ("borg 1.2.8\n", "1.2.8"),
        ("borg 2.0.0b14", "2.0.0b14"),
        ("borg.exe 1.1.17", "1.1.17"),
        ("sh: 1: borg: not found", None),
        ("borgmatic 1.4.5", None),
        ("borg 1.4", None),
        ("", None),
    ],
)
def test_a_version_is_taken_from_what_borg_says_and_from_nothing_else(said: str, version: str | None) -> None:
    assert versions.read(said) == version


@pytest.mark.parametrize("version", ["1.2.0", "1.2.8", "1.4.0b1", "1.4.5"])
def test_the_series_that_work_are_taken(version: str) -> None:
    assert versions.why_not(version) == ""


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("1.1.17", "too old"),
        ("1.0.13", "too old"),
        ("0.30.0", "too old"),
        ("1.3.0", "only the series 1.2 and 1.4"),
        ("1.5.0", "only the series 1.2 and 1.4"),
        ("2.0.0b14", "Borg 2 speaks another protocol"),
        ("3.0.0", "Borg 2 speaks another protocol"),
    ],
)
def test_every_other_series_is_refused_with_what_to_do(version: str, words: str) -> None:
    sentence = versions.why_not(version)

    assert words in sentence
    assert 'method = "sshfs"' in sentence


def test_the_repository_of_this_client_is_served_append_only_and_within_its_quota() -> None:
    command = serve(PLAN)

    assert command.argv[:5] == (
        "borg",
        "serve",
        "--append-only",
        "--restrict-to-repository",
        "/.borgpull/repository",
    )
    assert command.argv[command.argv.index("--storage-quota") + 1] == "5000000000"
    assert "--restrict-to-path" not in command.argv


def test_what_serves_a_client_holds_no_passphrase() -> None:
    assert not any("PASS" in key for key in serve(PLAN).env)


def test_on_the_client_the_archive_gets_its_temporary_name_and_relative_paths() -> None:
    assert argv(PLAN)[-4:] == ("ssh://borgpull/.borgpull/repository::web1.tmp-r1", "--", "etc", "srv/data")


def test_borgs_own_cache_on_the_client_is_left_out_and_nothing_else_unasked() -> None:
    found = argv(PLAN)

    excluded = [value for key, value in pairwise(found) if key == "--exclude"]
    assert excluded == ["pp:root/.cache/borgpull", "sh:**/.cache"]


def test_on_the_client_everything_is_stored_that_borg_can_see() -> None:
    assert not {"--noflags", "--noacls", "--noxattrs", "--numeric-ids", "--files-cache"} & set(argv(PLAN))
    assert "--numeric-ids" in argv(replace(PLAN, names="numeric"))


def test_a_stream_is_one_command_for_the_shell_and_never_an_option_of_borg() -> None:
    found = argv(STREAM)

    assert found[found.index("--stdin-name") + 1] == "postgres.sql"
    assert "--content-from-command" in found
    assert found[-4:-1] == ("--", "/bin/sh", "-c")
    assert "--exclude" not in found


def test_the_same_repository_whatever_the_method() -> None:
    # Borg asks about a repository that has moved, and nobody would answer.
    locations = {
        next(word for word in argv(replace(PLAN, method=method)) if word.startswith("ssh://"))
        for method in ("socat", "ssh-agent", "remote-forward")
    }

    assert locations == {"ssh://borgpull/.borgpull/repository::web1.tmp-r1"}


def test_the_client_is_told_nothing_secret_and_asks_no_questions() -> None:
    found = client_environment(BASE, "sh /x/rsh")

    assert [key for key in found if "PASS" in key] == ["BORG_PASSPHRASE_FD"]
    assert found["BORG_RELOCATED_REPO_ACCESS_IS_OK"] == "no"
    assert found["BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK"] == "no"
    assert (found["BORG_BASE_DIR"], found["BORG_RSH"]) == (BASE, "sh /x/rsh")
