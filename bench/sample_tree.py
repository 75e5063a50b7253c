"""Make the tree that is measured: 300 MB in one file and 5,000 files of 4 KiB; sent to the client machine's Python.

Random bytes of a fixed seed: every run of the benchmark reads the same, and nothing of it compresses.
"""

import os
import random
import sys
from pathlib import Path

SMALL_FILES, SMALL_BYTES, FILES_IN_A_FOLDER = 5000, 4096, 100
LARGE_BYTES, PIECE_BYTES = 300_000_000, 1_000_000
SEED = 20261122
# Of 2026-01-01, and a second more for each file: over SFTP times are whole seconds, and Borg never trusts its memory of
# the newest one, which must not be that of a whole tree written in one second.
FIRST_SECOND = 1_767_225_600


def main() -> None:
    root = Path(sys.argv[1])
    source = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    root.mkdir(parents=True)
    # The large file first: Borg never trusts its memory of the newest file, and that one must be cheap to read again.
    with (root / "large").open("wb") as large:
        for _ in range(LARGE_BYTES // PIECE_BYTES):
            large.write(source.randbytes(PIECE_BYTES))
    os.utime(root / "large", (FIRST_SECOND, FIRST_SECOND))
    for number in range(SMALL_FILES):
        folder = root / f"folder-{number // FILES_IN_A_FOLDER:02d}"
        folder.mkdir(exist_ok=True)
        path = folder / f"small-{number:04d}"
        path.write_bytes(source.randbytes(SMALL_BYTES))
        os.utime(path, (FIRST_SECOND + number, FIRST_SECOND + number))


if __name__ == "__main__":
    main()
