"""The end of sessions that hold no port: one key must not fill the gateway with sessions that are no tunnels."""

from __future__ import annotations

import time

from appliance.gateway import kernel

# Longer than sshd gives anybody to log in; a tunnel opens its port at once or gives up.
GRACE_SECONDS = 30.0
_LOOK_EVERY = 5.0


class Idle:
    """Looks now and then; `listener` is the process id of sshd."""

    def __init__(self, listener: int) -> None:
        self._listener = listener
        self._since: dict[int, float] = {}
        self._looked = 0.0

    def enforce(self) -> None:
        """End every session that has held no port for too long."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_EVERY:
            self._looked = now
            kernel.terminate(self.overdue(now))

    def overdue(self, now: float) -> list[int]:
        """Return the processes of those sessions, and remember since when the others hold none."""
        ports = kernel.listeners()
        idle = {
            family[0]: family
            for family in kernel.families(self._listener)
            if not any(inode in ports for pid in family for inode in kernel.sockets(pid))
        }
        self._since = {root: self._since.get(root, now) for root in idle}
        return [pid for root, since in self._since.items() if now - since > GRACE_SECONDS for pid in idle[root]]
