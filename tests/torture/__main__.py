"""Crash a real appliance at seeded moments: `python -m tests.torture [--crashes N] [--seed N]`; exit 1 if any hurts."""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys

from tests.e2e.harness.lab import Lab
from tests.torture.torture import torture


def main() -> None:
    given = _arguments()
    # Ended from outside, it leaves nothing behind either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ.setdefault("BORGPULL_TEST_IMAGE", "borgpull:latest")
    _say(f"SEED={given.seed} CRASHES={given.crashes}")
    lab = Lab()
    try:
        tally = torture(lab, given.seed, given.crashes, _say)
    finally:
        lab.close()
    for sentence in tally.found.all:
        _say(f"found: {sentence}")
    _say(f"SEED={given.seed} CRASHES={given.crashes}")
    _say(str(tally))
    sys.exit(not tally.is_good)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--crashes", type=int, default=100, metavar="N", help="how many (default: 100)")
    seed = random.SystemRandom().randrange(10**8)
    parser.add_argument("--seed", type=int, default=seed, metavar="N", help="which ones (default: by chance)")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
