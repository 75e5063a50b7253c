"""Print each process that /proc shows, one JSON object a line. Runs beside a container, in its process namespace."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
REMOTE_ADDRESS, INODE = 2, 9
# What the kernel says of one that has ended: that it is not there, or, until its parent has heard of that, that it has
# no mounts.
ENDED = (errno.ENOENT, errno.ESRCH, errno.EINVAL)


def look(place: Path) -> dict[str, object]:
    """Describe one process."""
    pairs = (line.split(":", 1) for line in (place / "status").read_text("utf-8").splitlines())
    status = {key: value.strip() for key, value in pairs}
    descriptors = [os.readlink(one) for one in (place / "fd").iterdir()]  # noqa: PTH115 - they are no paths
    connections = tcp_sockets(place)
    return {
        "pid": int(place.name),
        "uid": int(status["Uid"].split()[1]),
        "words": (place / "cmdline").read_bytes().decode("utf-8", "replace").replace("\0", " ").strip(),
        "environment": (place / "environ").read_bytes().decode("utf-8", "replace").replace("\0", "\n"),
        "capabilities": {name: int(status[name], 16) for name in CAPABILITIES},
        "no_new_privileges": status["NoNewPrivs"] == "1",
        "descriptors": descriptors,
        "connections": [connections[one] for one in descriptors if one in connections],
        "mounts": (place / "mountinfo").read_text("utf-8", "surrogateescape").splitlines(),
    }


def tcp_sockets(place: Path) -> dict[str, str]:
    """Name the TCP sockets of the process's network as its descriptors do, each with its other end."""
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        if (place / "net" / table).exists()
        for line in (place / "net" / table).read_text("utf-8").splitlines()[1:]
    ]
    return {f"socket:[{row[INODE]}]": row[REMOTE_ADDRESS] for row in rows}


def main() -> None:
    """Print all but this process itself; one that ends meanwhile is left out."""
    for place in sorted(Path("/proc").glob("[0-9]*"), key=lambda one: int(one.name)):
        if int(place.name) == os.getpid():
            continue
        try:
            print(json.dumps(look(place)))  # noqa: T201 - its output is its answer
        except OSError as error:
            if error.errno not in ENDED:
                raise


if __name__ == "__main__":
    main()
