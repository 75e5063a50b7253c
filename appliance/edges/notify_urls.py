"""URLs of channels that stand in files, of the secrets folder or of Docker's, so that the configuration holds none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.plan import places

if TYPE_CHECKING:
    from pathlib import PurePosixPath

_LONGEST = 4096
# Where Docker and Compose mount secrets.
DOCKER_SECRETS = Path("/run/secrets")


class NotifyUrls:
    """Files below `config`, else Docker's secrets of that name.

    Raises StateError, whose sentence holds the file's name and nothing of what is in it.
    """

    def __init__(self, config: Path = Path(places.CONFIG), docker_secrets: Path = DOCKER_SECRETS) -> None:
        self._config = config
        self._docker_secrets = docker_secrets

    def read(self, name: str) -> str:
        """Return the URL in that file, which is all of its first line."""
        place: PurePosixPath = places.notify_url_file(name)
        try:
            with self._file(name).open("rb") as file:
                lines = file.read(_LONGEST).decode("utf-8", "replace").splitlines()
        except OSError as error:
            raise StateError(f"{place} cannot be read: {error.strerror}; write the URL into it") from error
        if not lines or not lines[0].strip():
            raise StateError(f"{place} is empty; write the URL into it")
        return lines[0].strip()

    def _file(self, name: str) -> Path:
        own = self._config / places.notify_url_file(name).relative_to(places.CONFIG)
        of_docker = self._docker_secrets / name
        return of_docker if of_docker.is_file() and not own.exists() else own
