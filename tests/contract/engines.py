"""Engines under contract: the one in memory, and Docker with containers that act the same script in a shell."""

from __future__ import annotations

import os
import shlex
import time
from dataclasses import dataclass, replace
from threading import Event
from typing import TYPE_CHECKING
from uuid import uuid4

from appliance.plan.places import LABEL_APPLIANCE
from appliance.ports import ContainerSpec
from tests.fakes import FakeEngine, Script
from tests.session import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.ports import ContainerState, Engine

IMAGE = os.environ.get("BORGPULL_TEST_IMAGE", "borgpull:test")
NAMES = f"{PREFIX}-contract"
DEADLINE_SECONDS = 120
_POLL_SECONDS = 0.1


@dataclass
class Stage:
    """An engine, and the means to say what a container will do on it."""

    engine: Engine
    appliance_id: str

    def spec(self, script: Script, **changes: object) -> ContainerSpec:
        """Return the spec of a container with a name of its own that acts the script."""
        spec = ContainerSpec(
            name=new_name(),
            entrypoint=("/bin/sh", "-c"),
            command=(in_shell(script),),
            labels={LABEL_APPLIANCE: self.appliance_id, "borgpull.client": "web"},
            mounts=(),
            network="none",
        )
        if isinstance(self.engine, FakeEngine):
            self.engine.play = lambda _spec: script
        return replace(spec, **changes)  # type: ignore[arg-type]  # tests name the fields they change

    def ended(self, name: str) -> ContainerState:
        """Wait until the container has ended."""
        return until(lambda: _ended(self.engine.inspect(name)))


def new_name() -> str:
    """Return a name for a container that nobody else has, and that the clean-up of the tests knows."""
    return f"{NAMES}-{uuid4().hex[:12]}"


def in_shell(script: Script) -> str:
    """Write the script for /bin/sh."""
    said = [f"printf '%s\\n' {shlex.quote(line)}" for line in script.lines]
    complained = [f"printf '%s\\n' {shlex.quote(line)} >&2" for line in script.errors]
    end = "exec sleep 600" if script.hangs else f"exit {script.exit_code}"
    return "\n".join([*said, *complained, end])


def until(question: Callable[[], ContainerState | None]) -> ContainerState:
    """Ask until there is an answer; fails after the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (answer := question()) is None:
        assert time.monotonic() < deadline, "no answer before the deadline"
        # Who asks all the time takes a core from what is waited for.
        Event().wait(_POLL_SECONDS)
    return answer


def _ended(state: ContainerState | None) -> ContainerState | None:
    return state if state is not None and not state.running else None
