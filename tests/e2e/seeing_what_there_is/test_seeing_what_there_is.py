"""What an operator sees of archives: every version of a file, what changed between two, and names of any kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.shared import Shared

FIRST = r"""
mkdir -p /srv/seen/etc/app; cd /srv/seen
echo one > etc/app/main.conf; echo same > etc/app/same.conf; echo gone > etc/gone.conf
ln -s one link; echo plain > mode; chmod 644 mode
printf odd > "$(printf 'latin-\351.conf')"; printf odd > "$(printf 'line\nbreak.conf')"
printf odd > "$(printf 'red-\033[31m.conf')"
"""
SECOND = r"""
cd /srv/seen; echo another > etc/app/main.conf; rm etc/gone.conf; echo new > etc/new.conf
ln -sf two link; chmod 600 mode; chown alice mode
"""


@pytest.fixture(scope="module")
def seen(shared: Shared) -> Iterator[ApplianceUnderTest]:
    appliance, machine = shared.appliance, shared.machine("trixie")
    machine.exec("sh", "-euc", FIRST)
    appliance.add_client("seen", machine, "--path", "/srv/seen", "--method", "socat")
    for change in ("true", SECOND, "true"):
        machine.exec("sh", "-euc", change)
        assert appliance.run("seen").returncode == 0
    yield appliance
    machine.exec("rm", "-rf", "/srv/seen")


def test_every_version_of_a_file_is_found_with_the_archives_that_have_it(seen: ApplianceUnderTest) -> None:
    first, second, third = seen.archives("seen")

    found = seen.json("find", "seen", "main.conf")
    assert [(one["size"], one["first"], one["last"], one["archives"]) for one in found] == [
        (8, second, third, 2), (4, first, first, 1),
    ]  # fmt: skip
    assert {one["path"] for one in seen.json("find", "seen", "*.conf")} == {
        "srv/seen/etc/app/main.conf", "srv/seen/etc/app/same.conf", "srv/seen/etc/gone.conf", "srv/seen/etc/new.conf",
        "srv/seen/latin-?.conf", "srv/seen/line\nbreak.conf", "srv/seen/red-\x1b[31m.conf",
    }  # fmt: skip
    # Borg's lists have no other way to show a byte that is not UTF-8; restores bring the name back as it was.
    only = seen.json("find", "seen", "srv/seen/etc/*.conf", "--archive", "latest")
    assert [one["path"] for one in only] == ["srv/seen/etc/new.conf"]

    shown = seen.borgpull("find", "seen", "*.conf").stdout
    assert "\x1b" not in shown
    assert f"({second} to {third}, 2 archives)" in shown
    assert shown.splitlines()[-1] == "8 versions of 7 paths."

    nothing = seen.borgpull("find", "seen", "*.nosuch", check=False)
    assert nothing.returncode == 6
    wrong = seen.borgpull("find", "seen", "re:(", check=False)
    assert wrong.returncode == 2


def test_what_changed_between_two_archives_is_said_in_words(seen: ApplianceUnderTest) -> None:
    first, _, third = seen.archives("seen")

    shown = seen.borgpull("diff", "seen", first, "latest").stdout.splitlines()

    lines = {line.split()[1]: line for line in shown[:-1] if line.split()[1].startswith("srv/")}
    assert lines["srv/seen/etc/gone.conf"].startswith("removed")
    assert lines["srv/seen/etc/new.conf"].startswith("added")
    assert "content: 8 B new, 4 B gone" in lines["srv/seen/etc/app/main.conf"]
    assert "mode: -rw-r--r-- to -rw-------" in lines["srv/seen/mode"]
    assert "owner: root:root to alice:root" in lines["srv/seen/mode"]
    assert "link" in lines["srv/seen/link"]
    assert "1 added, 1 removed" in shown[-1]

    part = seen.json("diff", "seen", first, third, "srv/seen/etc/app")
    assert "srv/seen/etc/app/main.conf" in {one["path"] for one in part}
    assert "srv/seen/mode" not in {one["path"] for one in part}
    assert "hold the same" in seen.borgpull("diff", "seen", third, third).stdout
    mistyped = seen.borgpull("diff", "seen", first[:-1], third, check=False)
    assert mistyped.returncode == 6
    assert "Did you mean" in mistyped.stderr
    assert repr(first) in mistyped.stderr


def test_a_path_that_is_not_there_is_answered_with_what_is_near(seen: ApplianceUnderTest) -> None:
    whole = seen.json("files", "seen", "latest", "srv/seen/etc", "srv/seen/link")
    assert {one["path"]: one["target"] for one in whole}["srv/seen/link"] == "two"
    assert {"mode", "user", "group", "uid", "gid", "size", "mtime", "type"} <= set(whole[0])

    missing = seen.borgpull("files", "seen", "latest", "srv/seen/etc/app/mian.conf", check=False)

    assert missing.returncode == 6
    assert "Did you mean 'srv/seen/etc/app/main.conf'" in missing.stderr
