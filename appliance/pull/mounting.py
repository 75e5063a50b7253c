"""The FUSE mount of a run, from root's side: made before sshfs or pullfs starts on it, ended by the end of that one."""

from __future__ import annotations

import os
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.pull import launches, linux
from appliance.pull.execute import Process, end

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.launch import LaunchSpec

    Launch = Callable[[LaunchSpec, tuple[int, ...]], Process]


class ClientMount:
    """At most one mount in the life of a container. `launch` starts a program with extra descriptors."""

    def __init__(self, plan: RunPlan, launch: Launch) -> None:
        """Prepare; nothing is mounted yet."""
        self._plan = plan
        self._launch = launch
        self._server: Process | None = None
        self._mounted = self._is_aborted = False

    def open(self) -> None:
        """Mount and start the file system on it; raises OSError where the engine gave no right or no device."""
        descriptor = os.open("/dev/fuse", os.O_RDWR)
        try:
            entry = launches.fuse_mount(self._plan, descriptor)
            linux.mount(entry.source, entry.target, entry.filesystem, entry.flags, entry.data)
            self._mounted = True
            self._server = self._launch(launches.file_system(self._plan, descriptor), (descriptor,))
        finally:
            # Only that one may hold it: the kernel ends the mount, and every wait on it, when the last holder dies.
            os.close(descriptor)

    @property
    def has_died(self) -> bool:
        """Whether the file system ended although nobody closed the mount."""
        return self._server is not None and self._server.poll() is not None

    def kill(self) -> None:
        """End the file system at once; whoever waits for it can only be woken by that (kernel fs/fuse/dev.c)."""
        if self._server:
            self._server.kill()

    def close(self) -> None:
        """End the file system first: an unmount alone does not wake those who wait in it (sshfs.rst, Caveats)."""
        if self._server:
            server, self._server = self._server, None
            end(server, grace_seconds=5, at_last=self._abort)
        if self._mounted:
            self._mounted = False
            # Aborted, it may be gone already.
            with suppress(OSError) if self._is_aborted else nullcontext():
                linux.detach(str(places.CLIENT_ROOT))

    def _abort(self) -> None:
        linux.abort(str(places.CLIENT_ROOT))
        self._is_aborted = True
