"""How a path that Borg has shown is named to Borg again: it shows each byte that is no UTF-8 as a question mark."""

from __future__ import annotations

import re


def exactly(path: str) -> str:
    """Write the path as a pattern of just that; of one with question marks, of all that are shown like it."""
    return as_expression(path) if "?" in path else f"pf:{path}"


def as_expression(path: str) -> str:
    """Write the path as a regular expression, which Borg compares with what lies in the archive, untidied."""
    exact = re.escape(path.lstrip("/")).replace(r"\?", r"[?\udc80-\udcff]")
    return f"re:^{exact}$"


def as_shown(path: str) -> str:
    """Write a path as Borg shows it."""
    return path.encode("utf-8", "replace").decode("utf-8")
