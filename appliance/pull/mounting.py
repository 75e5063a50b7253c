"""The FUSE mount of a run, from root's side: made before sshfs starts, ended by sshfs's end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.pull import launches, linux
from appliance.pull.execute import Process, end

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.launch import LaunchSpec

    Launch = Callable[[LaunchSpec, tuple[int, ...]], Process]


class SshfsMount:
    """At most one mount in the life of a container. `launch` starts a program with extra descriptors."""

    def __init__(self, plan: RunPlan, launch: Launch) -> None:
        """Prepare; nothing is mounted yet."""
        self._plan = plan
        self._launch = launch
        self._sshfs: Process | None = None
        self._mounted = False

    def open(self) -> None:
        """Mount and start sshfs on it; raises OSError where the engine gave no right or no device."""
        descriptor = os.open("/dev/fuse", os.O_RDWR)
        try:
            entry = launches.fuse_mount(self._plan, descriptor)
            linux.mount(entry.source, entry.target, entry.filesystem, entry.flags, entry.data)
            self._mounted = True
            self._sshfs = self._launch(launches.sshfs(self._plan, descriptor), (descriptor,))
        finally:
            # Only sshfs may hold it: the kernel ends the file system, and every wait on it, when the last holder dies.
            os.close(descriptor)

    @property
    def has_died(self) -> bool:
        """Whether sshfs ended although nobody closed the mount."""
        return self._sshfs is not None and self._sshfs.poll() is not None

    def kill(self) -> None:
        """End sshfs at once; whoever waits for it can only be woken by that (kernel fs/fuse/dev.c)."""
        if self._sshfs:
            self._sshfs.kill()

    def close(self) -> None:
        """End sshfs first: an unmount alone does not wake those who wait in it (sshfs.rst, Caveats)."""
        if self._sshfs:
            sshfs, self._sshfs = self._sshfs, None
            end(sshfs, grace_seconds=5)
        if self._mounted:
            self._mounted = False
            linux.detach(str(places.CLIENT_ROOT))
