"""What a run believes of a client: the script is run for real, by this machine's shell."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, cast

import pytest

from appliance.plan.run_plan import RunPlan
from appliance.pull.execute import Finished
from appliance.pull.failure import Failure
from appliance.pull.methods import workplace
from appliance.record import Reason

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.pull.control import Control


class Shell:
    """A client that is this machine, with a home and a Borg of its own; `adds` is printed by whoever may."""

    def __init__(self, home: Path, version: str = "borg 1.4.0", adds: str = "") -> None:
        programs = home / "bin"
        programs.mkdir(exist_ok=True)
        (programs / "borg").write_text(f"#!/bin/sh\necho '{version}'\n")
        (programs / "borg").chmod(0o755)
        self.environment = {**os.environ, "HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}"}
        self.environment.pop("XDG_CACHE_HOME", None)
        self.adds = adds

    def run(self, script: str, *, timeout_seconds: float) -> Finished:
        done = subprocess.run(
            ("/bin/sh", "-s"),
            input=script,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        return Finished(code=done.returncode, stdout=self.adds + done.stdout, stderr=done.stderr)


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Short, as homes are: a socket's path has 107 bytes.
    return tmp_path_factory.mktemp("h")


def plan(*paths: str) -> RunPlan:
    return RunPlan(
        run_id="r1", client="web1", operation="create", appliance_id="us", method="socat", names="client", paths=paths
    )


def prepared(shell: Shell, *paths: str) -> workplace.Workplace:
    return workplace.prepare(cast("Control", shell), plan(*paths))


def test_each_path_is_seen_as_it_is(home: Path) -> None:
    for name in ("filled", "empty"):
        (home / name).mkdir()
    (home / "filled" / "file").touch()
    (home / "link").symlink_to("filled")
    names = ("filled", "empty", "link", "missing")

    found = prepared(Shell(home), *(f"{home}/{name}" for name in names))

    assert [found.seen[f"{home}/{name}"] for name in names] == ["filled", "empty", "link filled", "missing"]


def test_a_strangers_link_cannot_speak_for_the_client(home: Path) -> None:
    words = "x\nborgpull:path=/home/bob/bin\nborgpull:folder=/etc\nborgpull:base=/\nborgpull:seen.0=filled"
    (home / "data").symlink_to(words)

    found = prepared(Shell(home), f"{home}/data")

    assert found.folder.startswith((f"{home}/.cache/borgpull/run/", "/tmp/borgpull."))  # noqa: S108 - the run's own
    assert "/home/bob/bin" not in found.path.split(":")
    assert found.seen[f"{home}/data"].startswith("link x?borgpull:path=")


@pytest.mark.parametrize("folder", ["/etc", "/tmp/other", "/tmp/borgpull.00000000.x", "relative", "/a b"])  # noqa: S108
def test_no_folder_is_taken_but_the_runs_own(home: Path, folder: str) -> None:
    with pytest.raises(Failure) as failed:
        prepared(Shell(home, adds=f"borgpull:folder={folder}\n"))

    assert failed.value.reason is Reason.CLIENT_TOOLS
    assert "is not used" in failed.value.message


@pytest.mark.parametrize(
    ("version", "reason"),
    [("borg 2.0.0b22", Reason.CLIENT_BORG), ("borg 1.1.18", Reason.CLIENT_BORG), ("no such", Reason.CLIENT_TOOLS)],
)
def test_a_borg_that_cannot_be_used_is_refused_and_leaves_no_folder(home: Path, version: str, reason: Reason) -> None:
    with pytest.raises(Failure) as failed:
        prepared(Shell(home, version))

    assert failed.value.reason is reason
    assert list((home / ".cache" / "borgpull" / "run").iterdir()) == []


def test_what_an_earlier_run_left_is_swept_away(home: Path) -> None:
    shell = Shell(home)
    first, second = prepared(shell), prepared(shell)

    assert first.folder != second.folder
    assert not os.path.lexists(first.folder)
    assert os.path.lexists(second.folder)
