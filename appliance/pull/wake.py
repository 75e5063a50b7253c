"""Send the packet that wakes a machine, from the network of the engine's host."""

from __future__ import annotations

import socket
import sys
import time

from appliance.errors import ExitCode
from appliance.plan.wake import PORT, magic_packet

# A packet may be lost; a card that hears three wakes no differently than by one.
_TIMES = 3
_PAUSE_SECONDS = 0.1


def send(mac_address: str, via: str, port: int = PORT) -> int:
    """Send it to a broadcast address, or to the machine's own; returns the exit code."""
    family = socket.AF_INET6 if ":" in via else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            for _ in range(_TIMES):
                sender.sendto(magic_packet(mac_address), (via, port))
                time.sleep(_PAUSE_SECONDS)
    except OSError as error:
        sys.stderr.write(f"{via}: {error.strerror}; set `wake_via` to the broadcast address of the client's network\n")
        return ExitCode.FAILED
    return ExitCode.SUCCESS
