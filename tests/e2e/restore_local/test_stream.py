"""Way local as a stream: whole, or seen by every program that it is not; and nothing runs on for nobody."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker, names_of, wait_for
from tests.e2e.harness.restoring import DAMAGED, decompressed, stream, streamed, unpacked
from tests.lab.compare import differences

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared

LOST_IN_A_TAR = frozenset({"mtime_ns", "sparse", "user", "group"})
HELD = "ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c stream- || true"
UNPACK = "tar --numeric-owner -xpf - >&2; cd /; python3 -m tests.lab.compare /srv/out/srv/tree /nowhere"


@pytest.mark.parametrize("form", ["tar", "tar.zst"])
def test_a_tar_has_everything_with_its_owners(shared: Shared, tree: str, form: str) -> None:
    code, out, said = streamed(shared.appliance, tree, form)

    assert code == 0, said
    assert f"were written as {form}" in said
    if form == "tar.zst":
        code, out = decompressed(shared.appliance, out)
        assert code == 0
    _, manifest, why = unpacked(shared.appliance, out, UNPACK)
    assert manifest, why
    assert differences(shared.machine("trixie").manifest(), json.loads(manifest), ignore=LOST_IN_A_TAR) == []


def test_a_zip_has_the_files_and_says_what_it_cannot_hold(shared: Shared, tree: str) -> None:
    code, out, said = streamed(shared.appliance, tree, "zip")

    assert code == 1, said
    assert "srv/tree/fifo: not restored: a zip holds neither fifos nor devices" in said
    assert "a zip holds no hard links" in said
    with zipfile.ZipFile(io.BytesIO(out)) as found:
        assert found.testzip() is None
        assert found.read("srv/tree/text.txt") == b"a line\n" * 10_000
        assert found.read("srv/tree/links/relative") == b"../text.txt"
        assert found.getinfo("srv/tree/links/relative").external_attr >> 28 == 0o12
        assert {"srv/tree/empty folder/", "srv/tree/odd/ünïcödé-日本-🎈"} <= set(found.namelist())


@pytest.mark.parametrize("form", ["tar", "tar.zst", "zip"])
def test_a_stream_that_fails_is_seen_to_be_incomplete(shared: Shared, hurt: str, form: str) -> None:
    code, out, said = streamed(shared.appliance, hurt, form)

    assert code == 3, said
    assert any(f"{path} is damaged in the repository" in said for path in DAMAGED)
    assert "What was written is not complete; throw it away." in said
    match form:
        case "tar":
            assert unpacked(shared.appliance, out, "tar -tf - >&2")[0] != 0
        case "tar.zst":
            assert decompressed(shared.appliance, out)[0] != 0
        case _:
            with pytest.raises(zipfile.BadZipFile):
                zipfile.ZipFile(io.BytesIO(out))


def test_a_reader_that_goes_away_ends_the_restore(shared: Shared, tree: str) -> None:
    appliance = shared.appliance
    container = appliance.pull_container(tree)

    with stream(appliance, tree, "tar") as process:
        assert process.stdout is not None
        assert process.stdout.read(100_000)
        # What the engine swallows for nobody must not be all that was left to write.
        docker("pause", container)
        process.kill()

    wait_for(lambda: appliance.shell(HELD).stdout == "0\n", within=60, what="it is noticed that nobody reads")
    docker("unpause", container, check=False)
    wait_for(lambda: appliance.last_run(tree)["outcome"], within=60, what="the restore is over")
    assert appliance.last_run(tree)["outcome"] == "interrupted"
    wait_for(lambda: appliance.shell("ls /state/runs/tree").stdout == "plan.json\n", within=60, what="the pipe is gone")
    wait_for(lambda: not names_of("container", f"name=^/?{container}$"), within=60, what="its container is gone")


def test_a_stopped_stream_is_an_interruption(shared: Shared, tree: str) -> None:
    appliance = shared.appliance

    with stream(appliance, tree, "tar") as process:
        assert process.stdout is not None
        begun = process.stdout.read(100_000)
        appliance.borgpull("stop", tree)
        # Its input stays open: an end of it would say that nobody reads any more.
        rest = process.stdout.read()
        assert process.stderr is not None
        said = process.stderr.read()

    assert process.returncode == 4, said
    assert (begun + rest).endswith(b"what comes before is not complete.\n")
    assert "What was written is not complete" in said.decode()
