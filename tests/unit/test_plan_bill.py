"""What is inside the image, as a bill of materials: nothing is left out, and it is the same each time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appliance.edges.inventory import inventory
from appliance.errors import StateError
from appliance.plan.bill import Component, cyclonedx, licence_lines
from tests.cli_world import CliWorld

if TYPE_CHECKING:
    from pathlib import Path

_STATUS = """\
Package: libxxhash0
Status: install ok installed
Architecture: amd64
Version: 0.8.3-2+b1
Description: fast
 License: none of ours

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: libacl1
Status: install ok installed
Architecture: arm64
Version: 1:2.3.2-2
"""
_COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: BSD-2-clause

Files: test/*
License: GPL-2

License: GPL-2
 text
"""
_METADATA = "Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{more}\n\nText\n"


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def wheel(root: Path, venv: str, name: str, more: str, version: str = "1.0") -> None:
    folder = root / f"opt/{venv}/lib/python3.13/site-packages/{name}-{version}.dist-info"
    put(folder / "METADATA", _METADATA.format(name=name, version=version, more=more))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    put(tmp_path / "var/lib/dpkg/status", _STATUS)
    put(tmp_path / "usr/share/doc/libxxhash0/copyright", _COPYRIGHT)
    put(tmp_path / "usr/share/doc/libacl1/copyright", "It was packaged by somebody.\nLicense: in prose\n")
    wheel(tmp_path, "borg", "msgpack", "License-Expression: Apache-2.0")
    wheel(tmp_path, "borgpull", "toml", "License: MIT\nClassifier: License :: OSI Approved :: MIT License")
    wheel(tmp_path, "borgpull", "fabric", "License: BSD")
    wheel(tmp_path, "borgpull", "long_text", f"License: {'word ' * 50}")
    return tmp_path


def test_every_installed_package_of_debian_and_of_both_environments_is_found(image: Path) -> None:
    assert [(one.kind, one.name) for one in inventory(image)] == [
        ("deb", "libacl1"),
        ("deb", "libxxhash0"),
        ("pypi", "fabric"),
        ("pypi", "long_text"),
        ("pypi", "msgpack"),
        ("pypi", "toml"),
    ]


def test_licences_are_told_in_the_packages_own_words_and_never_guessed(image: Path) -> None:
    found = {one.name: one.expression or one.licences for one in inventory(image)}

    assert found == {
        "libacl1": (),
        "libxxhash0": ("BSD-2-clause", "GPL-2"),
        "fabric": ("BSD",),
        "long_text": (),
        "msgpack": "Apache-2.0",
        "toml": ("MIT License",),
    }


def test_each_has_the_package_url_by_which_scanners_know_it(image: Path) -> None:
    assert [one.purl for one in inventory(image)] == [
        "pkg:deb/debian/libacl1@1%3A2.3.2-2?arch=arm64",
        "pkg:deb/debian/libxxhash0@0.8.3-2%2Bb1?arch=amd64",
        "pkg:pypi/fabric@1.0",
        "pkg:pypi/long-text@1.0",
        "pkg:pypi/msgpack@1.0",
        "pkg:pypi/toml@1.0",
    ]


def test_the_bill_says_the_same_of_the_same_image(image: Path) -> None:
    found = inventory(image)

    assert cyclonedx(found, version="1") == cyclonedx(reversed(found), version="1")
    assert [one["bom-ref"] for one in cyclonedx(found, version="1")["components"]] == [one.purl for one in found]


def test_a_package_in_both_environments_stands_there_once() -> None:
    one = Component(kind="pypi", name="packaging", version="26.3", place="/opt/borg")
    other = Component(kind="pypi", name="packaging", version="26.3", place="/opt/borgpull")

    assert len(cyclonedx((one, other), version="1")["components"]) == 1


def test_the_list_of_licences_says_where_the_words_are(image: Path) -> None:
    assert list(licence_lines(inventory(image)))[:2] == [
        "libacl1 1:2.3.2-2: not said by machine-readable words (/usr/share/doc/libacl1/copyright)",
        "libxxhash0 0.8.3-2+b1: BSD-2-clause, GPL-2 (/usr/share/doc/libxxhash0/copyright)",
    ]


def test_elsewhere_than_in_the_image_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="what is inside the image can be told only in it"):
        inventory(tmp_path)


def test_the_version_is_told_without_any_configuration(tmp_path: Path) -> None:
    cli = CliWorld(tmp_path)

    assert "Borgpull " in cli.run("about").out
    assert set(json.loads(cli.run("about", "--json").out)) == {"version", "revision", "borg", "licence"}
    assert cli.run("about", "--sbom", "--licences").code == 2
