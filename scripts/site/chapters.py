"""The menu of the site: folder by folder, so that a new page is in it by itself."""

from __future__ import annotations

from itertools import chain
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Entry = str | dict[str, "list[Entry]"]

# Pages of docs/how-to in the order in which somebody needs them. Who adds a page need not name it here.
_HOW_TO = (
    ("Where it runs", ("nas", "synology", "truenas", "unraid", "portainer", "rootless", "socket-proxy", "doctor")),
    ("Ways to pull", ("add-a-machine", "sshfs", "socat", "remote-forward", "ssh-agent", "mount", "fidelity", "import")),
    ("Ways to a machine", ("jump", "dial-in", "sleeping-clients")),
    ("Every day", ("hooks", "retention", "logs", "find-files", "borg-on-the-client", "report")),
    ("Being told", ("notifications", "monitoring")),
    ("Getting it back", ("restore", "bare-metal", "the-nas-is-dead", "restore-with-plain-borg", "repair", "drill")),
)


def menu(pages: Iterable[str]) -> list[Entry]:
    """Sort pages, given by their paths below docs/, into chapters; every page is in it exactly once."""
    left = sorted(pages)

    def take(*chosen: str) -> list[Entry]:
        found: list[Entry] = [page for page in chosen if page in left]
        left[:] = [page for page in left if page not in found]
        return found

    def below(folder: str) -> list[Entry]:
        return take(*(page for page in left if PurePosixPath(page).parts[0] == folder))

    def section(title: str, pages: list[Entry]) -> list[Entry]:
        return [{title: pages}] if pages else []

    how_to = [section(title, take(*(f"how-to/{name}.md" for name in names))) for title, names in _HOW_TO]
    return [
        *section("Start", take("index.md", "tutorial.md")),
        *section("How-to", [*chain(*how_to), *section("More", below("how-to"))]),
        *section("Restore handbook", take("handbook.md")),
        *section("Reference", [*below("reference"), *take("troubleshooting.md"), *below("runbooks")]),
        *section("Explanation", [*below("explanation"), *take("security.md", "performance.md", "fault-matrix.md")]),
        *section("Coming from", below("coming-from")),
        *section("Project", [*below("project"), *section("Decisions", below("decisions"))]),
        *section("More", take(*left)),
    ]
