"""Everything that an archive holds of its files: `borg debug dump-archive`, the only verb that tells all of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from appliance.borg.command import REPOSITORY, Command, borg
from appliance.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.plan.run_plan import RunPlan

_AS_HEX = "\x7f"


def dump_archive(plan: RunPlan, archive: str) -> Command:
    """Print an archive's items as JSON."""
    return borg(plan, "debug", "dump-archive", f"{REPOSITORY}::{archive}", "-")


def read_items(text: str) -> Mapping[bytes, Mapping[str, Any]]:
    """Read the items by their paths; raises StateError where it is no dump."""
    try:
        return {_raw(item["path"]): item for item in json.loads(text)["_items"]}
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(f"Borg's dump of the archive cannot be read ({error})") from error


def _raw(text: str) -> bytes:
    """Return a name's bytes: what is no UTF-8 comes in hexadecimal digits."""
    return bytes.fromhex(text[1:]) if text.startswith(_AS_HEX) else text.encode("utf-8", "surrogateescape")
