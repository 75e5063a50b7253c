"""Everything but the repositories is destroyed; by the blocks of the recipe, files and appliance come back."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.engine import docker, names_of
from tests.e2e.harness.machine import Machine
from tests.e2e.harness.waiting import stay_within_a_day
from tests.lab.compare import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab

RECIPE = Path("docs/how-to/the-nas-is-dead.md").read_text(encoding="utf-8")
OWN = "six random words are a passphrase"
ESCROW = "/restored/escrow.gpg"


def blocks() -> list[tuple[str, list[str]]]:
    """Return the recipe's blocks in order, without those by hand: where each is run, and its lines."""
    found = re.findall(r"```sh\n# ([^\n]+)\n(.*?)```", RECIPE, re.DOTALL)
    return [(where, text.strip().splitlines()) for where, text in found if not where.startswith("by hand")]


def borgpull(appliance: ApplianceUnderTest, line: str) -> tuple[int, str]:
    """Run one `borgpull` line of the recipe; returns exit code and all that it said."""
    words, _, typed = line.partition(" < ")
    assert typed in ("", "passphrase.txt")
    done = appliance.borgpull(*shlex.split(words)[1:], check=False, stdin=f"{OWN}\n" if typed else "")
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def kept(lab: Lab, appliance: ApplianceUnderTest) -> Iterator[str]:
    """Give the place where the operator keeps escrow and passphrase: a volume that no appliance has.

    Afterwards whoever got that or the disk is gone.
    """
    name = lab.volume(lab.name("kept"))
    yield name
    found = {one for volume in (name, appliance.volumes["repos"]) for one in names_of("container", f"volume={volume}")}
    docker("container", "rm", "--force", "--volumes", *found)
    docker("volume", "rm", "--force", name)


def keep(appliance: ApplianceUnderTest, kept: str) -> None:
    """Carry the escrow out of the house, and the passphrase."""
    script = f'cp /from/escrow.gpg /kept/ && printf "%s\\n" "{OWN}" > /kept/passphrase.txt'
    docker(
        "run", "--rm", "--label", appliance.lab.label, "--volume", f"{appliance.volumes['restored']}:/from:ro",
        "--volume", f"{kept}:/kept", "--entrypoint", "sh", appliance.lab.image, "-euc", script,
    )  # fmt: skip


def assert_nothing_is_told(appliance: ApplianceUnderTest, said: str) -> None:
    """Look for the secrets where they must not be (S5): what was said, logs, journal, and the encrypted file."""
    secret = appliance.read("/config/secrets/web1/passphrase").strip()
    finding = "grep -rlaF -f - /config /state /restored || true"
    found = appliance.shell(finding, stdin=f"{secret}\n").stdout.split()
    assert found == ["/config/secrets/web1/passphrase"]
    assert appliance.shell(finding, stdin=f"{OWN}\n").stdout == ""
    assert [text for text in (said, appliance.log()) if secret in text or OWN in text] == []


def destroy(appliance: ApplianceUnderTest) -> None:
    """Leave nothing of the appliance but the volume of its repositories."""
    docker("rm", "--force", "--volumes", appliance.supervisor, *appliance.siblings())
    docker("volume", "rm", *(appliance.volumes[what] for what in ("config", "state", "restored")))


def fresh(lab: Lab, repositories: str) -> ApplianceUnderTest:
    """Make the volumes of a new appliance with the old disk, and nothing in them."""
    made = ApplianceUnderTest(lab, volumes={"repos": repositories})
    made.shell("rm /config/borgpull.toml")
    return made


def test_a_dead_nas_is_replaced_by_the_recipe_with_disk_and_escrow_alone(
    lab: Lab, appliance: ApplianceUnderTest, kept: str
) -> None:
    stay_within_a_day()
    machine = Machine(lab, "trixie")
    appliance.add_client("web1", machine, "--path", "/srv/tree", "--method", "socat")
    assert appliance.run("web1").returncode == 0
    assert appliance.run("web1").returncode == 0
    tree = machine.manifest()
    told = blocks()
    assert [where for where, _ in told] == [
        "on this server", "on any Debian", "on any Debian", "on the new server, before its first start",
        "on the new server",
    ]  # fmt: skip

    # ---- while everything is well ----
    (line,) = told[0][1]
    code, said = borgpull(appliance, line)
    assert code == 0, said
    assert appliance.shell(f"stat -c %a {ESCROW}").stdout.strip() == "600"
    assert_nothing_is_told(appliance, said)
    check = (*("escrow", "--check", ESCROW, "--passphrase-file", "/dev/stdin"), "--json")
    (proof,) = json.loads(appliance.borgpull(*check, stdin=OWN).stdout)
    assert (proof["proven"], proof["archives"], proof["gone"]) == (True, 2, [])
    assert 0 < proof["read"] <= proof["files"]
    keep(appliance, kept)

    # ---- life goes on: another backup, and retention deletes what the escrow's ledger knows ----
    assert appliance.run("web1").returncode == 0
    assert appliance.run("web1", "--operation", "prune").returncode == 0
    left = appliance.archives("web1")
    assert len(left) == 2, "retention should have deleted one that the escrow knows"
    destroy(appliance)

    # ---- files back, on any Debian ----
    debian = Machine(
        lab, "trixie", tree="none",
        options=("--volume", f"{appliance.volumes['repos']}:/media/disk", "--volume", f"{kept}:/kept:ro"),
    )  # fmt: skip
    script = "\n".join(["mkdir /srv/rescue && cd /srv/rescue && cp /kept/* .", *told[1][1], *told[2][1]])
    assert left[-1] in debian.exec("sh", "-euc", script).stdout
    assert differences(tree, debian.manifest("/srv/rescue/back/srv/tree"), ignore=frozenset({"sparse"})) == []

    # ---- a new server goes on ----
    new = fresh(lab, appliance.volumes["repos"])
    restore, up = told[3][1]
    words = shlex.split(restore)
    assert words[:8] == ["docker", "compose", "run", "--rm", "--no-deps", "-T", "-v", "$PWD:/escrow:ro"]
    mounts = [word for what in ("config", "state", "repos") for word in ("--volume", f"{new.volumes[what]}:/{what}")]
    docker(
        "run", "--rm", "--label", lab.label, "--network", "none", "--volume", f"{kept}:/escrow:ro", *mounts, lab.image,
        *words[9:],
    )  # fmt: skip
    assert up == "docker compose up -d"
    new.create(paused=False)
    assert "Paused" in new.borgpull("status").stdout
    *first, resume = told[4][1]
    for line in first:
        code, said = borgpull(new, line)
        assert code == 0, said
    last = new.last_run("web1")
    assert (last["operation"], last["outcome"]) == ("create", "success"), last
    assert last["archive"]["deduplicated_size"] < last["archive"]["original_size"] / 10
    assert new.archives("web1") == [*left, last["archive"]["name"]]
    assert new.json("alarms") == []
    assert borgpull(new, resume)[0] == 0
