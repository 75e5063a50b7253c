"""What MkDocs calls while it builds the site: menu, links, and headings named as on GitHub."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from scripts.site.chapters import menu
from scripts.site.links import PROJECT_PAGES, for_the_site, site_path, targets

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"<pre>.*?</pre>", re.DOTALL)
_OPTION = re.compile(r"(?<=[\s>])--[\w-]+")
_OF_THE_REPOSITORY = {there: here for here, there in PROJECT_PAGES.items()}


def on_config(config: Any) -> Any:
    """Name headings as GitHub does, so that one link with an anchor is right in both places."""
    config.mdx_configs["toc"]["slugify"] = _anchor
    return config


def on_files(files: Files, config: Any) -> Files:
    """Bring along the pages at the top of the repository and every file that a page links to; then make the menu."""
    for name, there in PROJECT_PAGES.items():
        files.append(File.generated(config, there, content=(ROOT / name).read_text(encoding="utf-8")))
    pages = [file.src_uri for file in files.documentation_pages()]
    for target in sorted({target for page in pages for target in _linked_from(page)}):
        there = site_path(target)
        if there.startswith("files/") and (ROOT / target).is_file():
            files.append(File.generated(config, there, abs_src_path=str(ROOT / target)))
    config.nav = menu(pages)
    return files


def on_page_markdown(markdown: str, page: Any, **_more: Any) -> str:
    """Lead each link to where the site has its target."""
    return for_the_site(markdown, _repository_path(page.file.src_uri))


def on_page_content(html: str, **_more: Any) -> str:
    """Mark options in blocks: on paper, a line that is broken after their hyphens would be typed with a space there."""
    return _BLOCK.sub(lambda block: _OPTION.sub(r'<span class="option">\g<0></span>', block[0]), html)


def _linked_from(page: str) -> list[str]:
    here = _repository_path(page)
    return targets((ROOT / here).read_text(encoding="utf-8"), here)


def _repository_path(page: str) -> str:
    return _OF_THE_REPOSITORY.get(page, f"docs/{page}")


def _anchor(heading: str, _separator: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
