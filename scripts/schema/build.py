"""The schemas of the configuration as files: the keys from the code, their meaning from the reference."""

from __future__ import annotations

import json
import re
from pathlib import Path

from appliance.config.schema import client_file, main_file

_REFERENCE = Path(__file__).parents[2] / "docs/reference/configuration.md"
_SECTION = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
_ROW = re.compile(r"^\| `(\w+)` \| ?(.*?) ?\| (.+) \|$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
# Tables of keys inside a value: they are no keys of a client.
_INSIDE = ("`keep`", "`check`", "`before` and `after`", "`stream`")


def files() -> dict[str, str]:
    """Return each file's name and text."""
    told = _told()
    schemas = {"borgpull.schema.json": main_file(told), "client.schema.json": client_file(told)}
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas.items()}


def _told() -> dict[str, str]:
    """Return what the reference says of each key, as plain text with its default."""
    found: dict[str, str] = {}
    _, *parts = _SECTION.split(_REFERENCE.read_text("utf-8"))
    for heading, text in zip(parts[::2], parts[1::2], strict=True):
        if heading in _INSIDE:
            continue
        prefix = "appliance." if heading == "`[appliance]`" else ""
        for key, default, meaning in _ROW.findall(text):
            plain = _LINK.sub(r"\1", meaning)
            found.setdefault(f"{prefix}{key}", f"{plain} Default: {default}." if default else plain)
    return found
