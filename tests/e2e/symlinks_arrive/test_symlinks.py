"""Links arrive as links, wherever they point, and are never followed: not by Borg, and not in the configured paths."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.outside import archived_tree

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared

TARGETS = {
    "absolute": "/etc/passwd",
    "relative": "../text.txt",
    "far-up": "../../../../../../etc/hostname",
    "dangling": "no%20such%20file",
    "itself": "itself",
    "folder": "..",
    "odd-%FF": "../odd/latin1-%E9%FF",
}


@pytest.mark.parametrize("names", ["client", "chroot"])
def test_links_arrive_wherever_they_point(shared: Shared, names: str) -> None:
    appliance, client = shared.appliance, f"links-{names}"
    appliance.add_client(client, shared.machine("trixie"), "--path", "/srv/tree/links", "--names", names)

    run = appliance.run(client)

    assert run.returncode == 0, run.stdout + run.stderr
    (archive,) = appliance.archives(client)
    archived = archived_tree(appliance, client, archive, "/srv/tree/links")
    assert {path: entry["target"] for path, entry in archived.items() if entry["type"] == "symlink"} == TARGETS


@pytest.mark.parametrize(
    ("client", "path", "place"),
    [("straight", "/srv/lane", "/srv/lane"), ("roundabout", "/srv/lane/links", "/srv/lane")],
)
def test_a_path_that_is_or_crosses_a_link_is_refused(shared: Shared, client: str, path: str, place: str) -> None:
    appliance, machine = shared.appliance, shared.machine("trixie")
    machine.exec("ln", "-sfn", "/srv/tree", "/srv/lane")
    appliance.add_client(client, machine, "--path", path)

    run = appliance.run(client)

    machine.exec("rm", "/srv/lane")
    assert run.returncode == 3, run.stdout + run.stderr
    last = appliance.last_run(client)
    assert (last["outcome"], last["reason"]) == ("failed", "source_missing")
    sentence = f"The path {path} is a link ({place} points to '/srv/tree'); name the real folder in `paths`."
    assert last["message"] == sentence
    assert sentence in " ".join((run.stdout + run.stderr).split())
    assert json.loads(appliance.borgpull("status", client, "--json").stdout)[0]["archives"] == 0
