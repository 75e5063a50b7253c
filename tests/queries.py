"""What a query of Prometheus asks for, as far as a few patterns can tell; the real Prometheus judges the rest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# What Prometheus itself adds to each sample of a target.
_TARGET = {"job", "instance"}
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")


def unknown_words(query: str, known: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the metrics and labels of a query that no family has: `known` has each family's labels by its name."""
    found = []
    for name, labels in re.findall(r"\b(borgpull_\w+)\s*(?:\{([^}]*)\})?", query):
        if name not in known:
            found.append(name)
            continue
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", labels))
        found += [f"{name}{{{label}}}" for label in sorted(asked - set(known[name]) - _TARGET)]
    every_label = {label for labels in known.values() for label in labels} | _TARGET
    grouped = {label.strip() for names in _GROUPING.findall(query) for label in names.split(",") if label.strip()}
    return found + sorted(grouped - every_label)
