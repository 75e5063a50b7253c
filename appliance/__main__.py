"""argv in, exit code out: the only place where the process ends itself."""

from __future__ import annotations

import importlib
import sys

# Started once a run, twice a minute for ever, or kept for ever: these go past the command line's libraries, which cost
# 0.3 s of CPU and 20 MB.
_DIRECT: dict[tuple[str, ...], str] = {
    ("pull",): "appliance.pull.main",
    ("gateway",): "appliance.gateway.main",
    ("health",): "appliance.cli.wellness",
}


def main() -> None:
    """Carry out the command line of this process, and end it."""
    direct = _DIRECT.get(tuple(sys.argv[1:]))
    if direct is not None:
        sys.exit(importlib.import_module(direct).main())
    sys.exit(importlib.import_module("appliance.cli.main").run(sys.argv[1:]))


if __name__ == "__main__":
    main()
