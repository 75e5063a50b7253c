"""Find the supervisor's own container: its image is started again for every run, its mounts translate paths."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker.errors import NotFound

from appliance.edges.docker_engine.host_paths import overridden, translated
from appliance.edges.docker_engine.own_id import from_cgroup, from_mountinfo
from appliance.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from appliance.edges.docker_engine.connection import Connection

LABEL_IMAGE = "borgpull.image"
OVERRIDE = "BORGPULL_CONTAINER_ID"


class OwnContainer:
    """What the engine knows of the container this process runs in; asked once, then remembered."""

    def __init__(
        self, connection: Connection, environment: Mapping[str, str] | None = None, *, proc: Path = Path("/proc/self")
    ) -> None:
        self._connection = connection
        self._environment = dict(os.environ if environment is None else environment)
        self._proc = proc
        self._known: dict[str, Any] | None = None

    def image(self) -> str:
        """Return the id of the own image: pull containers never differ in version from the supervisor."""
        return str(self._facts()["Image"])

    def described(self) -> Mapping[str, Any]:
        """Return all that the engine says of the own container; raises EngineError when it cannot be found."""
        return self._facts()

    def host_path(self, path: str) -> str:
        """Return the path of the engine's host for a path of the supervisor; raises EngineError where there is none."""
        return overridden(path, self._environment) or translated(path, self._facts()["Mounts"])

    def _facts(self) -> dict[str, Any]:
        if self._known is None:
            self._known = self._find()
        return self._known

    def _find(self) -> dict[str, Any]:
        with self._connection.api("look up the supervisor's own container") as api:
            for candidate in self._candidates():
                try:
                    facts: dict[str, Any] = api.inspect_container(candidate)
                except NotFound:
                    continue
                if self._is_own(candidate, facts):
                    return facts
        if self._environment.get(OVERRIDE):
            raise EngineError(
                f"the engine knows no container {self._environment[OVERRIDE]!r}, which {OVERRIDE} says this one is; "
                "take the setting out, or set it to the id or name of the supervisor's container"
            )
        raise EngineError(
            "cannot find out which container the supervisor runs in, so its folders cannot be given to pull "
            f"containers; set {OVERRIDE} to the id or name of the supervisor's container"
        )

    def _candidates(self) -> Iterator[str]:
        if self._environment.get(OVERRIDE):
            yield self._environment[OVERRIDE]
            return
        yield from from_mountinfo(self._read("mountinfo"))
        yield from from_cgroup(self._read("cgroup"))
        if self._environment.get("HOSTNAME"):
            yield self._environment["HOSTNAME"]

    def _is_own(self, candidate: str, facts: dict[str, Any]) -> bool:
        if candidate == self._environment.get(OVERRIDE):
            return True
        labels = facts["Config"].get("Labels") or {}
        return bool(facts["State"]["Running"]) and labels.get(LABEL_IMAGE) == "true"

    def _read(self, name: str) -> str:
        try:
            return (self._proc / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
