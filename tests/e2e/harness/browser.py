"""A real browser without a screen and without a network: what it makes of a page that Borgpull drew."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import Completed, docker

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab

_IMAGE = "borgpull-lab:browser"
_OPEN = (
    "cat > page.html; chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars"
    ' --enable-logging=stderr {words} "file://$PWD/page.html" {then}'
)
_SECONDS = 180.0


class Browser:
    """Opens one page, given as text."""

    def __init__(self, lab: Lab, page: str) -> None:
        self._lab = lab
        self._page = page

    def laid_out(self) -> str:
        """Return the page as it stands once all of it was read."""
        return self._open("--dump-dom").stdout

    def complaints(self) -> list[str]:
        """Return what it says of the page on its console, as of something refused or not found."""
        # Pages of its own, which it opens beside, complain too.
        said = self._open("--dump-dom").stderr.splitlines()
        return [line for line in said if "CONSOLE" in line and "chrome://" not in line]

    def picture(self, width: int, height: int) -> bytes:
        """Return what is seen in a window of that size, as PNG."""
        return self._shown(f"--window-size={width},{height} --screenshot=shown.png", "shown.png")

    def paper(self) -> bytes:
        """Return the page as it is printed, as PDF."""
        return self._shown("--no-pdf-header-footer --print-to-pdf=shown.pdf", "shown.pdf")

    def _shown(self, words: str, file: str) -> bytes:
        return base64.b64decode(self._open(words, f">&2 && base64 {file}").stdout)

    def _open(self, words: str, then: str = "") -> Completed:
        return docker(
            "run", "--rm", "--interactive", "--label", self._lab.label, "--network", "none",
            "--entrypoint", "sh", _IMAGE, "-euc", _OPEN.format(words=words, then=then),
            stdin=self._page, within=_SECONDS,
        )  # fmt: skip
