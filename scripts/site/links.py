"""Links that lead out of docs/: on GitHub they are right as they are, on the site their targets are brought along."""

from __future__ import annotations

import re
from os.path import normpath, relpath
from pathlib import PurePosixPath

# Pages at the top of the repository, and where the site has them.
PROJECT_PAGES = {
    "README.md": "project/readme.md",
    "CHANGELOG.md": "project/changelog.md",
    "ARCHITECTURE.md": "project/architecture.md",
    "CONTRIBUTING.md": "project/contributing.md",
}
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")


def targets(text: str, repository_path: str) -> list[str]:
    """Name the files of the repository that a page of it links to, as paths from the top of the repository."""
    found = [link[2].partition("#")[0] for link in _LINK.finditer(text)]
    return [_resolved(file, repository_path) for file in found if file and "://" not in file and "@" not in file]


def for_the_site(text: str, repository_path: str) -> str:
    """Turn each relative link of a page into the one that holds between the pages of the site."""
    here = PurePosixPath(site_path(repository_path)).parent

    def turned(link: re.Match[str]) -> str:
        file, hash_sign, anchor = link[2].partition("#")
        if not file or ":" in file:
            return link[0]
        there = site_path(_resolved(file, repository_path))
        return f"{link[1]}{relpath(there, here)}{hash_sign}{anchor}{link[3]}"

    return _LINK.sub(turned, text)


def site_path(repository_path: str) -> str:
    """Say where the site has a file of the repository: a page at its place, any other file below files/."""
    if repository_path in PROJECT_PAGES:
        return PROJECT_PAGES[repository_path]
    if repository_path.startswith("docs/"):
        return repository_path.removeprefix("docs/")
    return f"files/{repository_path}"


def _resolved(file: str, repository_path: str) -> str:
    return normpath(str(PurePosixPath(repository_path).parent / file))
