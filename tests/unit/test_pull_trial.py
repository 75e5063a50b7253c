"""What a client's shell does to try the way: it calls what Borg would call, and says which half of the way failed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from appliance.pull.methods.channel import Channel
from appliance.pull.methods.trial import trial_command
from appliance.pull.methods.workplace import Workplace

if TYPE_CHECKING:
    from pathlib import Path


def tried(folder: Path, rsh: str, *checks: str) -> subprocess.CompletedProcess[str]:
    (folder / "rsh").write_text(rsh, encoding="utf-8")
    workplace = Workplace(
        folder=str(folder), base=str(folder), path="/usr/bin:/bin", borg="1.4.0", ssh="", tools=frozenset()
    )
    opened = Channel(rsh=f"sh {folder}/rsh", files={}, ssh_options={}, end=lambda: None, checks=checks)
    command = trial_command(workplace, opened)
    return subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False, input="a secret")


def test_what_borg_would_call_gets_borgs_words_and_nothing_to_read(tmp_path: Path) -> None:
    done = tried(tmp_path, 'echo "$@"; cat')

    assert (done.returncode, done.stdout) == (0, "borgpull borg serve\n")


@pytest.mark.parametrize("code", [1, 81, 255])
def test_a_way_back_that_fails_is_told_from_a_way_there_that_fails(tmp_path: Path, code: int) -> None:
    done = tried(tmp_path, f"echo 'no such socket' >&2; exit {code}")

    assert (done.returncode, done.stderr) == (97, "no such socket\n")


def test_what_the_method_must_find_there_is_looked_at_first(tmp_path: Path) -> None:
    done = tried(tmp_path, "echo called", '[ -S "$NO_SUCH" ] || exit 98')

    assert (done.returncode, done.stdout) == (98, "")
