"""The documentation as a site: every page is reached, nothing comes from elsewhere, and GitHub shows the same."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from posixpath import normpath

import pytest
from markdown_it import MarkdownIt

from scripts.site.chapters import Entry, menu
from scripts.site.links import PROJECT_PAGES, for_the_site, site_path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*PROJECT_PAGES, *(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md"))])
BLOCKS = ("h1", "h2", "h3", "h4", "li", "pre", "table", "td", "th", "img", "blockquote", "hr")
FETCHED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


class Read(HTMLParser):
    """What one page of HTML holds: where it leads, what it fetches, and the blocks of its article."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.blocks: Counter[str] = Counter()
        self._in_article = "<article" not in text
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._in_article |= tag == "article"
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag in FETCHED and given.get(FETCHED[tag]) and given.get("rel") != "canonical":
            self.fetched.append(str(given[FETCHED[tag]]))
        if tag in BLOCKS and self._in_article:
            self.blocks[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        self._in_article &= tag != "article"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    """Build the site as `make docs` does: what each of its pages holds, by its path."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(("scripts/docs", str(folder)), cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    read = {str(page.relative_to(folder)): Read(page.read_text(encoding="utf-8")) for page in folder.rglob("*.html")}
    read["search"] = Read("")
    read["search"].links = [
        entry["location"] for entry in json.loads((folder / "search/search_index.json").read_text())["docs"]
    ]
    return read


def built_path(page: str) -> str:
    return site_path(page).removesuffix(".md") + ".html"


def test_every_page_is_reached_from_the_front_page(site: dict[str, Read]) -> None:
    reached: set[str] = set()
    ahead = ["index.html"]
    while ahead:
        here = ahead.pop()
        if here in reached or not here.endswith(".html"):
            continue
        reached.add(here)
        links = (link.partition("#")[0] for link in site[here].links if "://" not in link)
        ahead += [normpath(f"{here}/../{link}") for link in links if link]

    assert reached == {built_path(page) for page in PAGES}
    assert reached == set(site) - {"404.html", "search"}


def test_every_page_is_found_by_search(site: dict[str, Read]) -> None:
    assert {built_path(page) for page in PAGES} <= {place.partition("#")[0] for place in site["search"].links}


def test_no_page_fetches_anything_from_elsewhere(site: dict[str, Read]) -> None:
    # The page for what is not there is shown at any address, so it names things from the top of the site.
    assert [link for page in site.values() for link in page.fetched if ":" in link or link.startswith("//")] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_site_shows_the_same_blocks_as_github(site: dict[str, Read], page: str) -> None:
    github = MarkdownIt("commonmark").enable("table").render((ROOT / page).read_text(encoding="utf-8"))

    assert site[built_path(page)].blocks == Read(github).blocks


def pages_of(entries: list[Entry]) -> list[str]:
    found: list[str] = []
    for entry in entries:
        if isinstance(entry, str):
            found.append(entry)
        else:
            found += [page for content in entry.values() for page in pages_of(content)]
    return found


def test_a_page_that_nobody_has_named_is_in_the_menu_once() -> None:
    pages = ["index.md", "new.md", "how-to/new.md", "how-to/sshfs.md", "other/new.md", "reference/new.md"]

    assert sorted(pages_of(menu(pages))) == sorted(pages)


def test_links_out_of_the_docs_lead_to_what_the_site_brings_along() -> None:
    text = (
        "[a](../../README.md#start), [b](restore.md), [c](../../config/x.yml), [d](https://example.org/a.md), [e](#f)"
    )

    assert for_the_site(text, "docs/how-to/nas.md") == (
        "[a](../project/readme.md#start), [b](restore.md), [c](../files/config/x.yml), "
        "[d](https://example.org/a.md), [e](#f)"
    )
    assert for_the_site("[a](docs/how-to/nas.md)", "README.md") == "[a](../how-to/nas.md)"
