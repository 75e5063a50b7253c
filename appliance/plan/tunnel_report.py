"""What the gateway says of its tunnels. Apart from the rest of planning: the gateway is kept small for ever."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

# How a tunnel stands, as the supervisor tells the command line and the metrics.
UP, DOWN = "up", "down"
# The gateway reports every second; a busy NAS may be late by a few.
REPORT_LIMIT = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelReport:
    """Which ports of the gateway were open, and when it looked."""

    time: datetime
    ports: frozenset[int]

    def to_json(self) -> str:
        """Write it as the gateway does."""
        return json.dumps({"time": self.time.isoformat(), "ports": sorted(self.ports)})

    @classmethod
    def from_json(cls, text: str) -> TunnelReport | None:
        """Read it; None for what no gateway writes."""
        try:
            found = json.loads(text)
            time = datetime.fromisoformat(found["time"])
            ports = frozenset(port for port in found["ports"] if isinstance(port, int))
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        return cls(time=time, ports=ports) if time.tzinfo is not None else None


def is_up(report: TunnelReport | None, port: int | None, now: datetime) -> bool:
    """Whether the tunnel with that port is open; what is not known for sure is not."""
    return report is not None and port in report.ports and abs(now - report.time) <= REPORT_LIMIT
