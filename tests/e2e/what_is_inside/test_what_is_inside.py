"""The bill of materials in the image names what dpkg and pip name, and the labels say whose image it is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from appliance import __version__
from tests.e2e.harness.engine import docker

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab


def said(lab: Lab, *words: str, entrypoint: str = "sh") -> str:
    return docker(
        "run", "--rm", "--label", lab.label, "--network", "none", "--entrypoint", entrypoint, lab.image, *words
    ).stdout


@pytest.fixture(scope="module")
def bill(lab: Lab) -> dict[str, Any]:
    found = json.loads(said(lab, "/usr/share/borgpull/sbom.cdx.json", entrypoint="cat"))
    assert isinstance(found, dict)
    return found


def named(bill: dict[str, Any], kind: str) -> set[tuple[str, str]]:
    found = bill["components"]
    return {(one["name"], one["version"]) for one in found if one["purl"].startswith(f"pkg:{kind}/")}


def test_every_package_that_dpkg_knows_is_in_the_bill(lab: Lab, bill: dict[str, Any]) -> None:
    listed = said(lab, "-c", "dpkg-query --show --showformat '${db:Status-Status} ${Package} ${Version}\n'")
    rows = [line.split(" ") for line in listed.splitlines()]

    installed = {(name, version) for status, name, version in rows if status == "installed"}
    assert len(installed) > 50
    assert named(bill, "deb") == installed


def test_every_package_that_pip_would_list_is_in_the_bill(lab: Lab, bill: dict[str, Any]) -> None:
    found = said(lab, "-c", "find / -xdev -name '*.dist-info' -prune -print").splitlines()
    installed = {match[1].lower() for line in found if (match := re.search(r"/([^/]+)\.dist-info$", line))}

    assert len(installed) > 20
    assert {f"{name.replace('-', '_')}-{version}".lower() for name, version in named(bill, "pypi")} == installed


def test_each_says_where_its_licence_stands_and_that_place_is_there(lab: Lab, bill: dict[str, Any]) -> None:
    places = [one["properties"][0]["value"] for one in bill["components"]]

    script = 'for place in "$@"; do [ -e "$place" ] || echo "$place"; done'
    assert said(lab, "-c", script, "sh", *places) == ""


def test_the_list_of_licences_has_a_line_for_each(lab: Lab, bill: dict[str, Any]) -> None:
    lines = said(lab, "/usr/share/borgpull/licences.txt", entrypoint="cat").splitlines()

    assert len(lines) >= len(bill["components"])
    told = {line.split(": ")[0] for line in lines}
    assert {f"{one['name']} {one['version']}" for one in bill["components"]} <= told


def test_asking_again_gives_the_same_as_what_lies_in_the_image(lab: Lab, bill: dict[str, Any]) -> None:
    assert json.loads(said(lab, "about", "--sbom", entrypoint="borgpull")) == bill
    assert bill["metadata"]["component"]["version"] == __version__


def test_the_labels_say_what_it_is_and_where_it_comes_from(lab: Lab) -> None:
    labels = json.loads(docker("image", "inspect", "--format", "{{json .Config.Labels}}", lab.image).stdout)
    prefix = "org.opencontainers.image."
    told = {name.removeprefix(prefix): value for name, value in labels.items() if name.startswith(prefix)}

    assert told["title"] == "Borgpull"
    assert told["version"] == __version__
    assert told["licenses"] == "MIT"
    assert told["source"].startswith("https://")
    assert re.fullmatch(r"[0-9a-f]{7,40}", told["revision"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["created"])
