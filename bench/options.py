"""What the command line of the benchmark takes."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import listing

PARTS = ("runs", "methods", "restores", "listing", "million", "year", "status", "idle")


def arguments(description: str | None) -> argparse.Namespace:
    """Read them; `description` is what --help says first."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=description)
    parser.add_argument("--pairs", type=int, default=3, choices=range(1, 21), metavar="N", help="pairs (default: 3)")
    parser.add_argument("--quick", action="store_true", help="one pair, a tenth of the files, a short look at idling")
    parser.add_argument("part", nargs="?", choices=PARTS, help="only this part (default: all, one after the other)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the journal of the year in a new folder")
    matrix = parser.add_argument_group("which cells of the part `listing`")
    matrix.add_argument("--tree", nargs="+", choices=listing.TREES, default=["mixed"], help="default: mixed")
    matrix.add_argument("--rtt", nargs="+", type=float, default=[0, 20], metavar="MS", help="default: 0 20")
    matrix.add_argument("--stage", nargs="+", choices=listing.STAGES, default=["first", "unchanged"], help="in order")
    matrix.add_argument(
        "--way", nargs="+", choices=listing.WAYS, default=list(listing.USUAL_WAYS), help="default: most"
    )
    return parser.parse_args()
