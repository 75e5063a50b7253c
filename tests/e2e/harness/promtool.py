"""Prometheus's own judge of metrics, rules and their tests, from the lab's image of Debian's package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import Completed, docker

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab

IMAGE = "borgpull-lab:prometheus"
_CONFIG = Path(__file__).parents[3] / "config/prometheus"


def promtool(lab: Lab, *words: str, stdin: str = "") -> Completed:
    """Run promtool with config/prometheus as its folder; the exit code is for the caller to judge."""
    return docker(
        "run", "--rm", "--interactive", "--label", lab.label, "--network", "none", "--volume", f"{_CONFIG}:/rules:ro",
        "--workdir", "/rules", "--entrypoint", "promtool", IMAGE, *words, stdin=stdin, check=False,
    )  # fmt: skip
