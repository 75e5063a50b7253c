"""What is needed on the day the appliance is gone: the exported key, the passphrase, and Borg as Debian ships it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.outside import outside

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.shared import Shared

CLIENT = "survivor"
# The repository as it would be after a burglary of its config: the key is gone, and with it everything.
LOSE_THE_KEY = """
import configparser
config = configparser.ConfigParser(interpolation=None)
config.read("/tmp/repository/config")
assert config.remove_option("repository", "key")
config.write(open("/tmp/repository/config", "w"))
"""
RECOVER = """
python3 -c "$1"
if borg list >/dev/null 2>&1; then echo "the key is still there" >&2; exit 1; fi
printf '%s\\n' "$2" > /tmp/exported
case $3 in
    paper) borg key import --paper :: < /tmp/exported >&2 ;;
    *) borg key import :: /tmp/exported >&2 ;;
esac
borg extract "::$4" srv/tree/text.txt
exec cat srv/tree/text.txt
"""


@pytest.fixture(scope="module")
def appliance(shared: Shared) -> ApplianceUnderTest:
    shared.appliance.add_client(CLIENT, shared.machine("trixie"), "--path", "/srv/tree")
    run = shared.appliance.run(CLIENT)
    assert run.returncode == 0, run.stdout + run.stderr
    return shared.appliance


def typed(sheet: str) -> str:
    """Return what somebody types who has the printed sheet before them: what stands behind each label."""
    lines = [line.strip().partition(": ") for line in sheet.splitlines()]
    return "\n".join(said for label, _, said in lines if said and (label == "id" or label.isdigit()))


@pytest.mark.parametrize("form", ["plain", "paper"])
def test_exported_key_and_passphrase_open_a_repository_that_lost_its_key(
    appliance: ApplianceUnderTest, form: str
) -> None:
    exported = appliance.borgpull("key", "export", CLIENT, "--format", form)
    (archive,) = appliance.archives(CLIENT)

    words = ("sh", "-euc", RECOVER, "recover", LOSE_THE_KEY)
    key = typed(exported.stdout) if form == "paper" else exported.stdout
    recovered = outside(appliance, CLIENT, *words, key, form, archive)

    assert recovered.stdout == "a line\n" * 10_000
    assert "passphrase" in exported.stderr
    assert appliance.read(f"/config/secrets/{CLIENT}/passphrase").strip() not in exported.stdout


def test_the_key_can_be_printed_as_a_page(appliance: ApplianceUnderTest) -> None:
    page = appliance.borgpull("key", "export", CLIENT, "--format", "qr-html").stdout

    assert page.lstrip().lower().startswith("<!doctype html")
    assert "BORG_KEY" in page


def test_files_of_the_latest_archive_have_their_original_paths(appliance: ApplianceUnderTest) -> None:
    listed = json.loads(appliance.borgpull("files", CLIENT, "latest", "--json").stdout)

    by_path = {entry["path"]: entry for entry in listed}
    assert by_path["srv/tree/text.txt"]["size"] == 70_000
    assert by_path["srv/tree/links/absolute"]["target"] == "/etc/passwd"
    assert all(path.startswith("srv/tree") for path in by_path)
    # People read the same, and may ask for a part, with or without the leading slash.
    below = appliance.borgpull("files", CLIENT, "latest", "/srv/tree/links").stdout
    assert "srv/tree/links/dangling" in below
    assert "text.txt\n" not in below.replace("-> ../text.txt", "")
    unknown = appliance.borgpull("files", CLIENT, "latest", "/srv/nothing", check=False)
    assert unknown.returncode == 6


def test_archives_are_listed_with_the_ledger_beside_them(appliance: ApplianceUnderTest) -> None:
    (archive,) = appliance.json("archives", CLIENT)

    assert archive["name"].startswith(f"{CLIENT}-20")
    assert archive["name"] in appliance.borgpull("archives", CLIENT).stdout
