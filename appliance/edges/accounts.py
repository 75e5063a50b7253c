"""Writes `passwd` and `group` for containers whose user has another number than the image's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.plan import accounts, places

if TYPE_CHECKING:
    from appliance.config.owner import Owner


def write_accounts(owner: Owner, *, state: Path = Path(places.STATE), image: Path = Path("/etc")) -> None:
    """Write both, from those of the image; raises StateError. Who has the old ones mounted keeps them."""
    if not accounts.account_mounts(owner.uid, owner.gid):
        return
    folder = state / places.ACCOUNTS.relative_to(places.STATE)
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        for name, made in (("passwd", accounts.passwd), ("group", accounts.group)):
            fresh = folder / f"{name}.new"
            fresh.write_text(made((image / name).read_text(encoding="utf-8"), owner), encoding="utf-8")
            fresh.chmod(0o644)
            fresh.replace(folder / name)
    except OSError as error:
        raise StateError(
            f"{error.filename} cannot be written: {error.strerror}; is /state mounted writable?"
        ) from error
