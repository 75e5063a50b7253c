"""The process that serves the client's files: `python -m appliance.pull.pullfs DESCRIPTOR`, without any right.

It lists the client in one stream, then answers the kernel out of that, and fetches what is read. Where anything is
wrong with the link or the listing it says so in one line and ends: the kernel then fails every read (S2, R1).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from appliance.plan import places
from appliance.plan.run_plan import RunPlan
from appliance.pull.listing.entry import Hostile
from appliance.pull.pullfs import words
from appliance.pull.pullfs.client_listing import NotListedError
from appliance.pull.pullfs.conversation import LinkLostError
from appliance.pull.pullfs.mount import serve
from appliance.pull.pullfs.wire import WrongKernelError


def main() -> int:
    """Serve until the mount or the link ends; returns the exit code."""
    plan = RunPlan.from_json(Path(places.PLAN).read_text("utf-8"))
    try:
        serve(plan, int(sys.argv[1]), say)
    except (LinkLostError, Hostile, NotListedError, WrongKernelError) as error:
        say(words.FAILED, error)
        return 1
    return 0


def say(word: str, note: object = "") -> None:
    """Tell the controller; in one piece, since what ssh says is handed on by another thread."""
    os.write(sys.stderr.fileno(), words.line(word, note).encode("utf-8", "backslashreplace"))


if __name__ == "__main__":
    sys.exit(main())
