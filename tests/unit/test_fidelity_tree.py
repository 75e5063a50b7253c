"""The test tree, made by this machine's shell: what is made, what is looked for in it, and that it goes again."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from appliance.plan.fidelity import Found, Row, Trait
from appliance.pull.fidelity.checks import Evidence
from appliance.pull.fidelity.judging import rows
from appliance.pull.fidelity.made import Planted
from appliance.pull.fidelity.script import plant_script, sweep_script, uproot_script
from appliance.pull.fidelity.specimens import SPECIMENS
from appliance.pull.methods.workplace import said_of

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

# What this machine's user and disk may refuse.
CHANCY = {
    *("owner-stranger", "name-longest", "attribute", "acl", "socket"),
    *("character-device", "block-device", "flag-nodump", "flag-immutable", "nanoseconds", "holes"),
}


def shell(script: str) -> dict[str, str]:
    done = subprocess.run(("/bin/sh", "-s"), input=script, capture_output=True, text=True, timeout=60, check=False)
    return said_of(done.stdout)


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def tree(parent: Path) -> Path:
    return parent / "borgpull-fidelity.tag1.abc"


def planted(tree: Path) -> Planted:
    said = shell(plant_script("tag1", str(tree), (str(tree.parent),)))
    assert "done" in said, said
    return Planted.from_said(said)


def archived(tree: Path) -> dict[bytes, dict[str, Any]]:
    """Describe the tree as an archive that lost nothing would."""
    found: dict[bytes, dict[str, Any]] = {}
    for path in tree.rglob("*"):
        seen = path.lstat()
        item = {"mode": seen.st_mode, "uid": seen.st_uid, "gid": seen.st_gid, "ctime": seen.st_ctime_ns}
        found[os.fsencode(path.relative_to(tree))] = {**item, "rdev": seen.st_rdev}
    return found


def evidence(tree: Path, made: Planted, **more: dict[str, Any]) -> Evidence:
    items = archived(tree)
    items[b"owner"] |= {"user": made.values["user"], "group": made.values["group"]}
    items[b"attribute"] |= {"xattrs": {"user.borgpull": "kept"}}
    items[b"acl"] |= {"acl_access": "user::rw-\nuser:4242:r--:4242"}
    for name in ("flag+d", "flag+i"):
        items.setdefault(name.encode(), {})["bsdflags"] = 3
    for name, fields in more.items():
        items[name.replace("_", "-").encode()] |= fields
    return Evidence(root=tree, items=items, values=made.values)


def found(row: Trait, table: tuple[Row, ...]) -> Row:
    return next(one for one in table if one.trait is row)


def test_everything_is_made_but_what_the_machine_refuses_and_that_is_told_with_its_reason(tree: Path) -> None:
    made = planted(tree)

    keys = {one.key for one in SPECIMENS} - {"device-numbers"}
    assert made.made | made.why_not.keys() == keys
    assert keys - made.made <= CHANCY
    assert all(made.why_not.values())


def test_a_tree_that_came_back_as_it_was_has_lost_nothing_and_what_was_not_made_was_not_tried(tree: Path) -> None:
    made = planted(tree)

    table = rows(made, evidence(tree, made))

    assert [row.trait for row in table] == list(Trait)
    assert [row for row in table if row.found is Found.LOST] == []
    untried = {row.trait for row in table if row.found is Found.NOT_TRIED}
    keys = {trait: {one.key for one in SPECIMENS if one.trait is trait} for trait in Trait}
    assert untried - {Trait.DEVICE_NUMBERS} == {
        trait for trait in Trait if keys[trait] & CHANCY and not keys[trait] & made.made
    } - {Trait.DEVICE_NUMBERS}


def test_what_could_not_be_made_is_never_called_kept(tree: Path) -> None:
    made = Planted(made=frozenset(), why_not={"fifo": "Operation not permitted"}, values={})

    table = rows(made, Evidence(root=tree, items={}, values={}))

    assert {row.found for row in table} == {Found.NOT_TRIED}
    assert found(Trait.FIFOS, table).note == "Operation not permitted"


def _spoil(tree: Path) -> None:
    for name in ("contents", "hard-two", "link-up", "fifo"):
        (tree / name).unlink()
    shutil.copy(tree / "hard-one", tree / "hard-two")
    (tree / "link-up").symlink_to("/etc/hostname")
    (tree / "empty-folder").rmdir()
    (tree / "mode-setuid").chmod(0o755)
    os.utime(tree / "time-folder")
    os.utime(tree / "nanoseconds", (1_000_000_000, 1_000_000_000))
    (tree / "names" / os.fsdecode(b"raw-\xe9\xff")).rename(tree / "names" / "raw-??")


def test_each_loss_is_found_and_said_of_the_thing_that_lost_it(tree: Path) -> None:
    made = planted(tree)
    seen = evidence(
        tree, made, owner={"user": None, "group": None, "uid": 7}, attribute={"xattrs": {}}, ctime={"ctime": 0}
    )
    made = Planted(made=made.made | {"attribute", "nanoseconds"}, why_not={}, values=made.values)
    _spoil(tree)

    table = rows(made, seen)

    lost = {row.trait: row.note for row in table if row.found is Found.LOST}
    assert lost == {
        Trait.CONTENTS: "it did not come back",
        Trait.EMPTY_FOLDERS: "it did not come back",
        Trait.NAMES: "no UTF-8: it did not come back",
        Trait.SYMBOLIC_LINKS: "through ..: it points to '/etc/hostname'",
        Trait.HARD_LINKS: "each name is a file of its own",
        Trait.MODES: "setuid: 0755 in place of 4755",
        Trait.OWNERS: f"its own: 7:{os.getgid()} in place of {os.getuid()}:{os.getgid()}",
        Trait.OWNER_NAMES: "the archive has no names",
        Trait.TIMES: "of folders: it has another time",
        Trait.NANOSECONDS: "whole seconds",
        Trait.CHANGE_TIMES: "the archive has the time of change in its place",
        Trait.ATTRIBUTES: "the archive lacks them",
        Trait.FIFOS: "it did not come back",
    }


def test_a_device_that_is_not_in_the_archive_is_lost_with_its_numbers(tree: Path) -> None:
    made = Planted(made=frozenset({"character-device"}), why_not={}, values={})

    table = rows(made, Evidence(root=tree, items={}, values={}))

    assert {row.trait for row in table if row.found is Found.LOST} == {Trait.CHARACTER_DEVICES, Trait.DEVICE_NUMBERS}


def test_the_tree_goes_and_that_it_is_gone_is_looked_at(tree: Path) -> None:
    planted(tree)

    said = shell(uproot_script("tag1", str(tree), (str(tree.parent),)))

    assert said == {"gone": "yes"}
    assert list(tree.parent.iterdir()) == []


def test_a_tree_that_cannot_be_removed_is_told(tree: Path) -> None:
    tree.write_text("in the way")

    assert shell(uproot_script("tag1", str(tree), (str(tree.parent),))) == {"stays": "yes"}


def test_what_a_killed_card_left_goes_with_the_next_and_nothing_of_others_does(parent: Path) -> None:
    for name in ("borgpull-fidelity.tag1.old", "borgpull-fidelity.tag2.other", "borgpull-fidelity.tag1x"):
        (parent / name).mkdir()
    (parent / "borgpull-fidelity.tag1.file").write_text("a file is no tree")

    shell(sweep_script("tag1", (str(parent),)))

    assert sorted(one.name for one in parent.iterdir()) == [
        "borgpull-fidelity.tag1.file",
        "borgpull-fidelity.tag1x",
        "borgpull-fidelity.tag2.other",
    ]


def test_nothing_is_made_where_something_stands_already(tree: Path) -> None:
    tree.symlink_to("/etc")

    said = shell(plant_script("tag1", str(tree), ()))

    assert said == {"failed": f"cannot make {tree}"}


def test_a_long_complaint_is_cut_to_its_end() -> None:
    said = {"why.name-longest": f"cannot create {'0' * 100}: File name too long", "why.fifo": "", "made.acl": "yes"}

    made = Planted.from_said(said)

    assert made.why_not == {"name-longest": "File name too long", "fifo": "it did not work there"}
    assert made.made == {"acl"}
