"""Fuzz one target in this process: `.venv/fuzz/bin/python -m tests.fuzz.one TARGET LIBFUZZER-ARGUMENT…`.

Runs where Atheris is, and little else: nothing that it imports needs a package.
"""

from __future__ import annotations

import sys

import atheris

# Before anything imports them: only what is imported in here tells which ways an input took.
with atheris.instrument_imports(include=["appliance.pull"], enable_loader_override=False):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz; never returns."""
    name, *arguments = sys.argv[1:]
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
