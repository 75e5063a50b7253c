"""A command whose output is the archive: its exit code and its complaints arrive apart from its bytes."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest

from appliance.borg.create import STREAM, create_on_client
from appliance.plan.run_plan import RunPlan
from appliance.pull.streams import stream_failure
from appliance.pull.watch import Heard
from appliance.record import Reason


def plan(command: str) -> RunPlan:
    return RunPlan(
        run_id="r1",
        client="db1",
        operation="create",
        appliance_id="us",
        method="socat",
        names="client",
        stream_command=command,
        stream_name="dump.sql",
    )


def played(command: str | None) -> subprocess.CompletedProcess[bytes]:
    """Run what Borg would start on the client; None where the command's file is not there."""
    made = create_on_client(plan(command or "true"), base="/x", rsh="y")
    start = made.argv.index("/bin/sh")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "it's told")
        if command is not None:
            file.write_text(command, encoding="utf-8")
        env = {"PATH": "/usr/bin:/bin", STREAM: str(file)}
        return subprocess.run(made.argv[start:], env=env, capture_output=True, timeout=30, check=False)


def test_bytes_go_out_as_they_are_and_complaints_are_marked() -> None:
    done = played("printf 'a\\0b'; echo careful >&2; echo 'it'\"'\"'s \"$0\"'")

    assert (done.returncode, done.stderr) == (0, b"borgpull:said=careful\n")
    assert done.stdout.startswith(b"a\0bit's ")


@pytest.mark.parametrize(("command", "code"), [("exit 3", 3), ("kill -9 $$", 137), ("nosuchcommand", 127), ("true", 0)])
def test_the_exit_code_is_the_commands_own(command: str, code: int) -> None:
    assert played(command).returncode == code


def test_a_command_that_is_gone_makes_no_empty_archive() -> None:
    done = played(None)

    assert done.returncode == 126
    assert b"it's told" in done.stderr


def test_the_command_is_neither_an_argument_nor_a_variable_that_others_on_the_client_see() -> None:
    made = create_on_client(plan("mysqldump -psecret"), base="/x", rsh="y")

    assert [word for word in (*made.argv, *made.env.values()) if "secret" in word] == []


@pytest.mark.parametrize(
    ("code", "words"),
    [(4, "Command Error: '/bin/sh' exited with status 3"), (2, "Command exited with status 3")],
)
def test_either_borgs_words_are_understood(code: int, words: str) -> None:
    failure = stream_failure(plan("x"), Heard(code=code, last_error=words, said="disk is gone"))

    assert failure is not None
    assert failure.reason is Reason.HOOK
    assert "(dump.sql) failed with exit code 3; it said: disk is gone." in failure.message


def test_another_trouble_of_borg_is_not_the_streams() -> None:
    assert stream_failure(plan("x"), Heard(code=14, last_error="No space left on device")) is None
    assert stream_failure(plan(""), Heard(code=2, last_error="exited with status 3")) is None
