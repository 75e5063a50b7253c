"""The processes of a container, seen from the host's side: rights, descriptors, words and environment of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.harness import look_at_processes
from tests.e2e.harness.engine import docker, is_running, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab

_LAUNCH = "appliance.pull.launch"
_BY_NAME = {"docker-init": "init", "ssh": "ssh", "sshfs": "file system"}
_BY_MODULE = {"appliance.pull.controller": "controller", "appliance.pull.pullfs": "file system"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process. Capabilities are bit masks; `connections` are its descriptors that are TCP connections."""

    pid: int
    uid: int
    words: str
    environment: str
    capabilities: dict[str, int]
    no_new_privileges: bool
    descriptors: tuple[str, ...]
    connections: tuple[str, ...]
    mounts: tuple[str, ...]

    @property
    def role(self) -> str:
        """What it is in a pull container: init, warden, controller, file system, ssh, borg; else its command line."""
        first = self.words.split(" ")[0].rpartition("/")[2]
        if first in _BY_NAME:
            return _BY_NAME[first]
        if module := next((name for name in _BY_MODULE if name in self.words), ""):
            return _BY_MODULE[module]
        # In the chroot Borg runs within the process that launched it; elsewhere it goes by its script's name.
        if " create " in self.words or '"create"' in self.words:
            return "borg" if self.uid != 0 else "launching"
        if _LAUNCH in self.words:
            return "launching"
        return "warden" if self.words.endswith(" pull") else self.words


def processes(lab: Lab, container: str) -> list[Process]:
    """Describe every process of the container, from beside it and with the rights to see all."""
    shown = docker(
        "run", "--rm", "--interactive", "--label", lab.label, "--network", "none", "--pid", f"container:{container}",
        "--cap-add", "SYS_PTRACE", "--cap-add", "DAC_READ_SEARCH", "--security-opt", "apparmor=unconfined",
        "borgpull-lab:trixie", "python3", "-", stdin=Path(look_at_processes.__file__).read_text("utf-8"),
    )  # fmt: skip
    return list(_read(shown.stdout))


def processes_in_full_swing(lab: Lab, container: str, roles: frozenset[str]) -> list[Process]:
    """Wait until exactly these roles are there, each started for good, and describe them."""
    last: list[Process] = []

    def is_complete() -> list[Process]:
        last[:] = processes(lab, container) if is_running(container) else []
        return last if {process.role for process in last} == roles else []

    try:
        return wait_for(is_complete, within=120, what=f"{sorted(roles)} in {container}")
    except AssertionError as late:
        raise AssertionError(f"{late}; there were {[(one.role, one.words) for one in last]}") from None


def _read(text: str) -> Iterator[Process]:
    for line in text.splitlines():
        fields = json.loads(line)
        lists = {key: tuple(value) for key, value in fields.items() if isinstance(value, list)}
        yield Process(**{**fields, **lists})
