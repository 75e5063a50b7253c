"""Make the tree that is measured: 300 MB in one file and 5,000 files of 4 KiB; sent to the client machine's Python.

Random bytes of a fixed seed: every run of the benchmark reads the same, and nothing of it compresses.
"""

import random
import sys
from pathlib import Path

SMALL_FILES, SMALL_BYTES, FILES_IN_A_FOLDER = 5000, 4096, 100
LARGE_BYTES, PIECE_BYTES = 300_000_000, 1_000_000
SEED = 20261122


def main() -> None:
    root = Path(sys.argv[1])
    source = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    root.mkdir(parents=True)
    # The large file first: Borg never trusts its memory of the newest file, and that one must be cheap to read again.
    with (root / "large").open("wb") as large:
        for _ in range(LARGE_BYTES // PIECE_BYTES):
            large.write(source.randbytes(PIECE_BYTES))
    for number in range(SMALL_FILES):
        folder = root / f"folder-{number // FILES_IN_A_FOLDER:02d}"
        folder.mkdir(exist_ok=True)
        (folder / f"small-{number:04d}").write_bytes(source.randbytes(SMALL_BYTES))


if __name__ == "__main__":
    main()
