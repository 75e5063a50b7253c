"""URLs of channels that stand in files of the secrets folder, so that the configuration need not hold them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.plan import places

if TYPE_CHECKING:
    from pathlib import PurePosixPath

_LONGEST = 4096


class NotifyUrls:
    """Files below `config`. Raises StateError, whose sentence holds the file's name and nothing of what is in it."""

    def __init__(self, config: Path = Path(places.CONFIG)) -> None:
        self._config = config

    def read(self, name: str) -> str:
        """Return the URL in that file, which is all of its first line."""
        place: PurePosixPath = places.notify_url_file(name)
        try:
            with (self._config / place.relative_to(places.CONFIG)).open("rb") as file:
                lines = file.read(_LONGEST).decode("utf-8", "replace").splitlines()
        except OSError as error:
            raise StateError(f"{place} cannot be read: {error.strerror}; write the URL into it") from error
        if not lines or not lines[0].strip():
            raise StateError(f"{place} is empty; write the URL into it")
        return lines[0].strip()
