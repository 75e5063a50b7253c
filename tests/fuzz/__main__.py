"""Fuzz every target for a while: `python -m tests.fuzz [--seconds N] [TARGET…]`; exit 1 if anything is found.

`python -m tests.fuzz --again TARGET FILE` gives one input to one target, without Atheris, so that it can be debugged.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.campaign import Campaign
from tests.fuzz.targets import TARGETS


def main() -> None:
    given = _arguments()
    if given.again:
        target, file = given.again
        TARGETS[target](Path(file).read_bytes())
        return
    campaign = Campaign(seconds=given.seconds)
    findings = 0
    for name in given.targets or TARGETS:
        result = campaign.fuzz(name)
        findings += bool(result.finding)
        _say(str(result))
    _say(f"fuzzed targets {len(given.targets or TARGETS)} / findings {findings}")
    sys.exit(bool(findings))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="how long each target (default: 60)")
    parser.add_argument("--again", nargs=2, metavar=("TARGET", "FILE"), help="give this input to this target, once")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"which (default: all): {', '.join(TARGETS)}")
    given = parser.parse_args()
    if unknown := set(given.targets) - TARGETS.keys():
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    return given


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
