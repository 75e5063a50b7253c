"""Connections to the engine, one per thread, and its errors turned into sentences for the operator."""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import docker
from docker.errors import APIError, DockerException, InvalidVersion
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from appliance.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker.api.client import APIClient

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
# Everything a broken connection can surface as: the library lets errors of the two layers below it through.
BROKEN = (DockerException, RequestException, HTTPError, OSError)


@dataclass
class _Held:
    """A thread's client; dropped, and so closed, when the thread ends."""

    client: docker.DockerClient


class Connection:
    """The engine's address and a client per thread, since a requests session is not promised to be thread-safe.

    Constructing one connects to nothing, so that a supervisor can start, and say what is wrong, without an engine.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, *, timeout: int = 60) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        # With a version in the environment the library would not negotiate, and old engines refuse newer versions.
        self._environment.pop("DOCKER_API_VERSION", None)
        self._timeout = timeout
        self._local = threading.local()

    @property
    def address(self) -> str:
        """Where the engine is expected."""
        return self._environment.get("DOCKER_HOST") or DEFAULT_SOCKET

    @contextmanager
    def api(self, intention: str) -> Iterator[APIClient]:
        """Give this thread's client; raises EngineError, with the intention, for whatever goes wrong inside."""
        try:
            yield self._client()
        except APIError as error:
            raise EngineError(f"the container engine refused to {intention}: {explanation(error)}") from error
        except InvalidVersion as error:
            raise EngineError(
                f"the container engine at {self.address} is too old: {str(error).rstrip('.')}; update it"
            ) from error
        except BROKEN as error:
            raise EngineError(self._unreachable(error)) from error

    def _client(self) -> APIClient:
        held: _Held | None = getattr(self._local, "held", None)
        if held is None:
            client = docker.DockerClient.from_env(
                timeout=self._timeout, use_context=False, environment=self._environment
            )
            held = self._local.held = _Held(client)
            # Without it the sockets of every run's thread would wait for the garbage collector.
            weakref.finalize(held, client.close)
        return held.client.api

    def _unreachable(self, error: BaseException) -> str:
        what = f"cannot reach the container engine at {self.address}: {root_cause(error)}"
        if not self.address.startswith("unix://"):
            return f"{what}; is DOCKER_HOST right, and does the engine or its socket proxy run?"
        path = self.address.removeprefix("unix://")
        return (
            f"{what}; does the engine run, is its socket mounted into the supervisor ({path}:{path}), "
            "and may this user open it?"
        )


def explanation(error: APIError) -> str:
    """Return the engine's own words."""
    return str(error.explanation or error).strip().rstrip(".")


def root_cause(error: BaseException) -> str:
    """Return the innermost system error in plain words: the libraries wrap it three times over."""
    seen: list[BaseException] = []
    queue: list[BaseException] = [error]
    while queue:
        current = queue.pop()
        if current in seen:
            continue
        seen.append(current)
        linked = (current.__context__, current.__cause__, *current.args, getattr(current, "reason", None))
        queue += [inner for inner in linked if isinstance(inner, BaseException)]
    for found in reversed(seen):
        if isinstance(found, OSError) and found.strerror:
            return found.strerror
    return str(error).strip().rstrip(".")
