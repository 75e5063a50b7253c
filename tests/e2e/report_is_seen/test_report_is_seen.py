"""The promise: a report of real backups is right in numbers, and a browser without any network shows it whole."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.browser import Browser
from tests.e2e.harness.waiting import stay_within_a_day

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine

_GROW = "mkdir -p /srv/web && head -c {size} /dev/urandom > /srv/web/{name}"
_WIDTH, _HEIGHT = 1280, 1400
# A page that is blank, or an error of the browser, has few kinds of pixels.
_MANY_PIXELS = 2000


@pytest.fixture(scope="module")
def pulled(shared_appliance: ApplianceUnderTest, shared_machine: Machine) -> ApplianceUnderTest:
    """Two clients of one machine: one with two good backups and a failed one, one that was never pulled."""
    stay_within_a_day()
    shared_machine.exec("sh", "-c", _GROW.format(size=2_000_000, name="first"))
    shared_appliance.add_client("web", shared_machine, "--path", "/srv/web")
    shared_appliance.add_client("idle", shared_machine, "--path", "/srv/web")
    assert shared_appliance.run("web").returncode == 0
    shared_machine.exec("sh", "-c", _GROW.format(size=1_000_000, name="second"))
    assert shared_appliance.run("web").returncode == 0
    shared_machine.exec("mv", "/srv/web", "/srv/away")
    assert shared_appliance.run("web").returncode == 3
    shared_machine.exec("mv", "/srv/away", "/srv/web")
    return shared_appliance


def test_the_numbers_are_those_of_the_runs(pulled: ApplianceUnderTest) -> None:
    told = {client["client"]: client for client in pulled.json("report")["clients"]}

    runs = [run for run in pulled.json("history", "web") if run["archive"]]
    web = told["web"]
    assert (web["outcomes"]["success"], web["outcomes"]["failed"], web["days_covered_30"]) == (2, 1, 1)
    assert web["new_bytes"] == sum(run["archive"]["deduplicated_size"] for run in runs)
    assert web["repository_bytes"] == pulled.status("web")["repository_bytes"] > 3_000_000
    assert 0 < web["saved_by_deduplication"] < 1
    assert told["idle"]["repository_bytes"] is None
    lines = pulled.borgpull("report").stdout.splitlines()
    assert [line.split()[-1] for line in lines if line.endswith("▄")] == ["·" * 29 + "▄"]


def test_a_browser_without_a_network_shows_the_page_whole(lab: Lab, pulled: ApplianceUnderTest) -> None:
    browser = Browser(lab, pulled.borgpull("report", "--html").stdout)

    seen = browser.laid_out()
    assert seen.count("<svg") == 6 + 2 * 3
    assert "".join(seen.split()).endswith("</footer></body></html>")
    assert browser.complaints() == []


def test_the_page_is_drawn_on_the_screen_and_on_paper(lab: Lab, pulled: ApplianceUnderTest) -> None:
    browser = Browser(lab, pulled.borgpull("report", "--html").stdout)

    picture, paper = browser.picture(_WIDTH, _HEIGHT), browser.paper()

    assert struct.unpack(">2I", picture[16:24]) == (_WIDTH, _HEIGHT)
    assert _kinds_of_pixels(picture) > _MANY_PIXELS
    assert paper.startswith(b"%PDF-")
    assert len(paper) > 20_000


def _kinds_of_pixels(png: bytes) -> int:
    """Count the different groups of three bytes in its lines: a blank page has next to none."""
    data, position = b"", 8
    while position < len(png):
        (length,) = struct.unpack(">I", png[position : position + 4])
        if png[position + 4 : position + 8] == b"IDAT":
            data += png[position + 8 : position + 8 + length]
        position += 12 + length
    lines = zlib.decompress(data)
    return len({lines[start : start + 3] for start in range(0, len(lines) - 3, 3)})
