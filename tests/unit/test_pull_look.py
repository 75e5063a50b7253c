"""What a look believes of a client's shell: the script is run for real, by this machine's shell."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, cast

from appliance.pull import look_by_shell
from appliance.pull.execute import Finished
from appliance.pull.failure import Failure
from appliance.pull.look_words import swap_files, system_of
from appliance.record import Reason

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.pull.control import Control


class Shell:
    """A client that is this machine, with a Borg of its own; `says` is printed in place of what the script does."""

    def __init__(self, home: Path, version: str = "borg 1.4.0", says: str | None = None) -> None:
        (home / "borg").write_text(f"#!/bin/sh\necho '{version}'\n")
        (home / "borg").chmod(0o755)
        self.environment = {**os.environ, "HOME": str(home), "PATH": f"{home}:{os.environ['PATH']}"}
        self.says = says

    def run(self, script: str, *, timeout_seconds: float) -> Finished:
        if self.says is not None:
            return Finished(code=0, stdout=self.says, stderr="")
        words = ("/bin/sh", "-s")
        done = subprocess.run(
            words,
            input=script,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        return Finished(code=done.returncode, stdout=done.stdout, stderr=done.stderr)


class Shut(Shell):
    def run(self, script: str, *, timeout_seconds: float) -> Finished:
        del script, timeout_seconds
        raise Failure(Reason.AUTH, "no commands")


def told(shell: Shell) -> dict[str, object]:
    return look_by_shell.told(cast("Control", shell))


def test_a_shell_tells_what_there_is(tmp_path: Path) -> None:
    found = told(Shell(tmp_path))

    assert found["commands"] is True
    assert (found["borg"], found["borg_trouble"]) == ("borg 1.4.0", "")
    assert (found["uid"], found["home"]) == (os.getuid(), str(tmp_path))
    assert isinstance(found["tools"], frozenset)
    assert "borg" in found["tools"]
    assert isinstance(found["mounts"], tuple)
    assert any(one.point == "/proc" for one in found["mounts"])
    assert isinstance(found["present"], frozenset)
    assert "/tmp" in found["present"]  # noqa: S108 - looked for


def test_a_borg_that_will_not_do_is_told(tmp_path: Path) -> None:
    assert str(told(Shell(tmp_path, "borg 2.0.0"))["borg_trouble"]).startswith("Borg 2.0.0 is there: ")
    assert told(Shell(tmp_path, "not found"))["borg_trouble"] == "there is no Borg on it"


def test_a_key_bound_to_sftp_has_no_shell(tmp_path: Path) -> None:
    assert told(Shell(tmp_path, says="This account is for SFTP only.\n")) == {"commands": False}
    assert told(Shut(tmp_path)) == {"commands": False}


def test_mounts_whose_beginning_was_lost_are_no_mounts(tmp_path: Path) -> None:
    assert told(Shell(tmp_path, says="borgpull:mount=b /b nfs rw 0 0\nborgpull:done=yes\n"))["mounts"] == ()


def test_the_first_word_counts_and_only_places_that_were_asked_for(tmp_path: Path) -> None:
    says = "borgpull:begin=yes\nborgpull:uid=7\nborgpull:uid=0\nborgpull:place=/evil\nborgpull:home=" + "x" * 999
    found = told(Shell(tmp_path, says=f"{says}\nborgpull:done=yes\n"))

    assert (found["uid"], found["present"], len(str(found["home"]))) == (7, frozenset(), 300)


def test_df_tells_sizes_also_of_points_with_blanks(tmp_path: Path) -> None:
    says = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 100 40 60 40% /srv/my films\nodd\n"

    assert look_by_shell.sizes(cast("Control", Shell(tmp_path, says=says)), ["/srv/my films"]) == {
        "/srv/my films": (102400, 40960)
    }


def test_only_a_file_of_swap_takes_room_among_the_files() -> None:
    assert swap_files(["/swapfile file 1 0 -2", "/dev/sda3 partition 1 0 -3", "odd"]) == ("/swapfile",)


def test_a_system_says_its_name() -> None:
    assert system_of('ID=debian\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n') == "Debian GNU/Linux 13 (trixie)"
    assert system_of("") == ""
