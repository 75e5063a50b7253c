"""The port Engine over the Docker SDK."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, NotFound

from appliance.edges.docker_engine.about import engine_facts, own_container
from appliance.edges.docker_engine.connection import BROKEN, Connection, explanation
from appliance.edges.docker_engine.creation import configuration
from appliance.edges.docker_engine.output import whole_lines
from appliance.edges.docker_engine.own import OwnContainer
from appliance.edges.docker_engine.proofs import prove_folder, prove_fuse
from appliance.edges.docker_engine.said import said_lines
from appliance.edges.docker_engine.state import container_state
from appliance.errors import DeviceMissingError, EngineError, NameTakenError, PortTakenError
from appliance.plan.places import LABEL_APPLIANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from docker.api.client import APIClient

    from appliance.plan import engine_facts as told
    from appliance.ports import ContainerSpec, ContainerState, SaidLine

_CONFLICT = 409
_LOG_LINES = 200
_LOG_BYTES = 64 << 10
# The engine's words, and those of its host.
_PORT_TAKEN = ("port is already allocated", "address already in use")


class DockerEngine:
    """Containers of one engine. `image` and `host_path` are the own container's unless given (tests give them)."""

    def __init__(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        image: str = "",
        host_path: Callable[[str], str] | None = None,
    ) -> None:
        self._connection = Connection(environment)
        self._own = OwnContainer(self._connection, environment)
        self._image = image
        self._translate = host_path or self._own.host_path

    def image(self) -> str:
        """Return the id of the image every container is started from; raises EngineError."""
        return self._image or self._own.image()

    def host_path(self, path: str) -> str:
        """Return the engine host's path for a path of the supervisor; raises EngineError where there is none."""
        return self._translate(path)

    @property
    def address(self) -> str:
        """Where the engine is expected: `unix:///var/run/docker.sock`."""
        return self._connection.address

    def facts(self) -> told.EngineFacts:
        """Return what it says of itself; raises EngineError when it cannot be reached at all."""
        with self._connection.api("tell its version") as api:
            version: dict[str, Any] = api.version()
            # Its clock stands in the head of every answer, also where a proxy lets nothing else through.
            head = api.get(f"{api.base_url}/version", timeout=api.timeout).headers
        return engine_facts(version, head.get("Date", ""))

    def own(self) -> told.OwnContainer:
        """Return what it says of the container this process runs in; raises EngineError."""
        return own_container(self._own.described())

    def ping(self) -> str:
        """Return the engine's version; raises EngineError when it cannot be reached."""
        with self._connection.api("tell its version") as api:
            version: dict[str, Any] = api.version()
            return f"{version.get('Version', 'unknown')} (API {version.get('ApiVersion', 'unknown')})"

    def start(self, spec: ContainerSpec) -> None:
        """Create and start; see the port."""
        with self._connection.api(f"start the container {spec.name}") as api:
            for mount in spec.mounts:
                if mount.volume:
                    _require_volume(api, mount.source)
            body = configuration(api, spec, image=self.image(), host_path=self.host_path)
            try:
                untyped: Any = api
                created = untyped.create_container_from_config(body, spec.name)
            except APIError as error:
                if error.status_code == _CONFLICT:
                    raise NameTakenError(f"a container of the name {spec.name} exists already") from error
                raise _sentence(spec, error) from error
            self._start_created(api, spec, created["Id"])

    def lines(self, name: str) -> Iterator[str]:
        """Yield the lines of its standard output; see the port."""
        with self._connection.api(f"read the output of {name}") as api:
            try:
                stream: Any = api.logs(name, stdout=True, stderr=False, stream=True, follow=True)
            except NotFound:
                return
        try:
            yield from whole_lines(stream)
        except (*BROKEN, struct.error):
            # Proxies cut quiet streams and engines restart: the caller asks `inspect` and comes back.
            return
        finally:
            stream._response.close()  # noqa: SLF001 - close() of the library digs for a socket and fails on a dead one

    def said(self, name: str, *, follow: bool = False) -> Iterator[SaidLine]:
        """Yield all it wrote, with times; see the port."""
        with self._connection.api(f"read the output of {name}") as api:
            yield from said_lines(api, name, follow=follow)

    def log(self, name: str) -> str:
        """Return the end of its output; see the port."""
        with self._connection.api(f"read the output of {name}") as api:
            try:
                written = api.logs(name, stdout=True, stderr=True, stream=False, tail=_LOG_LINES)
            except NotFound:
                return ""
        return written[-_LOG_BYTES:].decode("utf-8", "replace")

    def inspect(self, name: str) -> ContainerState | None:
        """Return its state, or None; see the port."""
        with self._connection.api(f"tell about the container {name}") as api:
            try:
                return container_state(api.inspect_container(name))
            except NotFound:
                return None

    def stop(self, name: str, grace_seconds: int) -> None:
        """Ask it to end, then kill it; see the port."""
        with self._connection.api(f"stop the container {name}") as api:
            try:
                api.stop(name, timeout=grace_seconds)
            except NotFound:
                return

    def remove(self, name: str) -> None:
        """Remove it, running or not; see the port."""
        with self._connection.api(f"remove the container {name}") as api:
            try:
                api.remove_container(name, force=True, v=True)
            except NotFound:
                return
            except APIError as error:
                if error.status_code != _CONFLICT:  # 409 here: somebody else's removal is on its way
                    raise

    def ours(self, appliance_id: str) -> Sequence[ContainerState]:
        """Return every container with this appliance's label; see the port."""
        with self._connection.api("list the containers") as api:
            listed = api.containers(all=True, filters={"label": f"{LABEL_APPLIANCE}={appliance_id}"})
        states = (self.inspect(found["Id"]) for found in listed)
        return [state for state in states if state is not None]

    def prove(self, folder: str, *, name: str = "borgpull") -> str:
        """Return "" when a sibling container sees this folder of the supervisor, else a sentence; raises EngineError.

        `name` begins the name of the throw-away container.
        """
        return prove_folder(self, folder, name=name)

    def fuse_check(self, device: str, *, privileged: bool = False, name: str = "borgpull") -> str:
        """Return "" when a container may mount FUSE with this device, else a sentence that says what is missing."""
        return prove_fuse(self, device, name=name, privileged=privileged)

    def _start_created(self, api: APIClient, spec: ContainerSpec, container_id: str) -> None:
        started = False
        try:
            api.start(container_id)
            started = True
        except APIError as error:
            raise _sentence(spec, error) from error
        finally:
            if not started:
                self.remove(container_id)


def _require_volume(api: APIClient, name: str) -> None:
    try:
        api.inspect_volume(name)
    except NotFound as error:
        raise EngineError(f"the engine has no volume of the name {name}; `docker volume ls` shows the names") from error


def _sentence(spec: ContainerSpec, error: APIError) -> EngineError:
    words = explanation(error)
    for device in spec.devices:
        if device in words and ("gathering device information" in words or "no such file" in words):
            return DeviceMissingError(
                f"the engine's host has no {device}; load its kernel module there (`modprobe fuse` for /dev/fuse)"
            )
    if spec.ports and any(said in words for said in _PORT_TAKEN):
        ports = " and ".join(str(outside) for _, outside in spec.ports)
        return PortTakenError(f"port {ports} of the Docker host is taken by another program or container ({words})")
    return EngineError(f"the container engine refused to start the container {spec.name}: {words}")
