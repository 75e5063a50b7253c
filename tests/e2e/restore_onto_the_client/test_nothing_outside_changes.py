"""S8 on a real machine: R7's link, partial and full, fresh and in place; and an archive that an evil Borg made."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.hostile import HostileClient
from tests.e2e.harness.lease import open_lease, restored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

EVIL_BORG = Path(__file__).with_name("evil_borg.py").read_text(encoding="utf-8")
SCENE = """
mkdir -p /srv/outside /srv/scene/home
echo secret > /srv/outside/canary
chmod 600 /srv/outside/canary
touch -d 2001-02-03 /srv/outside/canary /srv/outside
cd /srv/scene/home
ln -s /srv/outside/canary link
ln -s /srv/outside folder
echo mine > file
chown -h alice:alice link folder file .
touch -h -d 2005-06-07 link folder file .
"""
# What a hostile user leaves in the way of a restore in place.
IN_THE_WAY = """
cd /srv/scene/home
rm -r file link folder
ln -s /srv/outside/canary file
ln /srv/outside/canary link
"""
STATE = "cd /srv/outside && stat -c '%n %u:%g %a %Y %i' . canary && cat canary && ls -A"
RESTORED = "cd {0}/srv/scene/home && stat -c '%n %U %Y %F' link folder file"
THERE = """\
link alice 1118102400 symbolic link
folder alice 1118102400 symbolic link
file alice 1118102400 regular file
"""


@pytest.fixture(scope="module")
def scene(shared: Shared) -> Iterator[Machine]:
    machine = shared.machine("trixie")
    machine.exec("sh", "-euc", SCENE)
    shared.appliance.add_client("scene", machine, "--path", "/srv/scene")
    assert shared.appliance.run("scene").returncode == 0
    open_lease(shared.appliance, "scene", machine, "--way", "tar")
    yield machine
    machine.exec("rm", "-rf", "/srv/scene", "/srv/outside")


@pytest.mark.parametrize(("way", "part"), list(product(["chroot", "numeric", "tar"], ["partial", "full"])))
def test_what_a_link_points_to_keeps_owner_mode_time_and_content(
    shared: Shared, scene: Machine, way: str, part: str
) -> None:
    before = scene.exec("sh", "-euc", STATE).stdout
    paths = [f"srv/scene/home/{name}" for name in ("link", "folder", "file")] if part == "partial" else []
    fresh = f"/srv/fresh-{way}-{part}"

    restored(shared.appliance, "scene", *paths, "--way", way, "--to", fresh)

    assert scene.exec("sh", "-euc", STATE).stdout == before
    assert scene.exec("sh", "-euc", RESTORED.format(fresh)).stdout == THERE
    scene.exec("rm", "-rf", fresh)

    scene.exec("sh", "-euc", IN_THE_WAY)
    restored(shared.appliance, "scene", *paths, "--way", way, "--in-place", "--yes")

    assert scene.exec("sh", "-euc", STATE).stdout == before
    assert scene.exec("sh", "-euc", RESTORED.format("")).stdout == THERE


def test_an_archive_that_an_evil_borg_made_reaches_nothing_outside(shared: Shared, scene: Machine) -> None:
    client = HostileClient(shared.appliance, scene, "evil")
    scene.exec("sh", "-c", "cat > /srv/evil.py", stdin=EVIL_BORG)
    made = client.run_evil('exec /usr/bin/python3 /srv/evil.py "$@"')
    assert made.returncode in (0, 1), made.stdout + made.stderr
    open_lease(shared.appliance, "evil", scene)
    before = scene.exec("sh", "-euc", STATE).stdout

    for way, where in product(("numeric", "tar", "client"), (("--to", "/srv/fresh-evil"), ("--in-place", "--yes"))):
        scene.exec("rm", "-rf", "/srv/fresh-evil")
        done = restored(shared.appliance, "evil", "--way", way, *where, code=1)

        said = done.stdout + done.stderr
        assert scene.exec("sh", "-euc", STATE).stdout == before
        assert "links are not followed" in said
        assert "its path leads out of the archive" in said
        assert "a hard link to something that this restore did not write" in said
    scene.exec("rm", "-rf", "/srv/fresh-evil", "/srv/evil")

    kept = "cd /repos/evil && stat -c '%n %s %Y' config && ls -A /restored && ls -A /state/cache/evil"
    shared.appliance.shell("mkdir /restored/evil")
    before = shared.appliance.shell(kept).stdout
    done = restored(shared.appliance, "evil", "--way", "local", "--to", "/restored/evil", code=1)
    assert "../srv/outside/canary: not restored: its path leads out of the archive" in done.stdout
    assert shared.appliance.shell(kept).stdout == before
    assert shared.appliance.archives("evil")
