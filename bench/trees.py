"""Make a tree that is measured, or change a hundredth of its files; sent to the client machine's Python.

`make KIND ROOT SHARE` makes one of `small` (200,000 files of 1 KiB), `large` (20 files of 1 GB, a tenth of it data and
the rest holes), `million` (a million empty files) and `system` (a copy of this machine's root file system); `SHARE` is
how much of it. `change ROOT SEED` writes other bytes over every hundredth file, in place; of a large one over a
hundredth of it.
Random bytes of fixed seeds: every run of the benchmark reads the same, and nothing of it compresses.
"""

import os
import random
import stat
import subprocess
import sys
import time
from pathlib import Path

SEED = 20261129
SMALL_FILES, SMALL_BYTES, FILES_IN_A_FOLDER = 200_000, 1024, 100
LARGE_FILES, LARGE_BYTES, PIECES, PIECE_BYTES = 20, 1_000_000_000, 4, 25_000_000
# Of 2026-01-01; see sample_tree.py.
FIRST_SECOND = 1_767_225_600
MILLION_FOLDERS, MILLION_IN_A_FOLDER = 1000, 1000
# Seconds after which a file system gives another time than before.
A_TICK = 0.05
# Seconds; more than the program that lists a client waits for (appliance/pull/listing/program.py).
AGE_OF_IMAGES = 125
# What is larger is changed in part.
WHOLE_BYTES = 1_000_000
_COPY = """\
tar -C / --one-file-system --xattrs --acls -cf - --exclude ./srv --exclude ./tmp . |
    tar -C "$1" --xattrs --acls --numeric-owner -xpf -
"""


def small(root: Path, share: float) -> None:
    source = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    for number in range(int(SMALL_FILES * share)):
        folder = root / f"folder-{number // FILES_IN_A_FOLDER:04d}"
        folder.mkdir(exist_ok=True)
        path = folder / f"small-{number:06d}"
        path.write_bytes(source.randbytes(SMALL_BYTES))
        os.utime(path, (FIRST_SECOND + number, FIRST_SECOND + number))


def large(root: Path, share: float) -> None:
    source = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    for number in range(max(2, int(LARGE_FILES * share))):
        with (root / f"large-{number:02d}").open("wb") as file:
            for piece in range(PIECES):
                file.seek(piece * LARGE_BYTES // PIECES)
                file.write(source.randbytes(PIECE_BYTES))
            file.truncate(LARGE_BYTES)
        os.utime(root / f"large-{number:02d}", (FIRST_SECOND + number, FIRST_SECOND + number))
    # Borg never trusts its memory of the newest file, and that one must be cheap to read again.
    time.sleep(A_TICK)
    (root / "newest").write_bytes(source.randbytes(SMALL_BYTES))
    # A client tells no holes of what was written to a moment ago.
    time.sleep(AGE_OF_IMAGES)


def million(root: Path, share: float) -> None:
    for number in range(int(MILLION_FOLDERS * share)):
        folder = root / f"folder-{number:04d}"
        folder.mkdir()
        for place in range(MILLION_IN_A_FOLDER):
            (folder / f"file-{number * MILLION_IN_A_FOLDER + place:07d}").touch()


def system(root: Path, share: float) -> None:  # noqa: ARG001 - there is only the whole of it
    subprocess.run(("sh", "-euc", _COPY, "copy", str(root)), check=True)


def change(root: Path, seed: int) -> None:
    source = random.Random(seed)  # noqa: S311 - reproducible on purpose
    paths = (Path(folder) / name for folder, _, names in os.walk(root) for name in names)
    found = sorted((path.lstat().st_size, path) for path in paths if stat.S_ISREG(path.lstat().st_mode))
    # The smallest of all last, for the reason above.
    for size, path in (*found[1::100], found[0]):
        if path == found[0][1]:
            time.sleep(A_TICK)
        with path.open("r+b") as file:
            file.write(source.randbytes(size if size <= WHOLE_BYTES else size // 100))


def main() -> None:
    match sys.argv[1:]:
        case ["make", kind, root, share]:
            Path(root).mkdir(parents=True)
            {"small": small, "large": large, "million": million, "system": system}[kind](Path(root), float(share))
        case ["change", root, seed]:
            change(Path(root), int(seed))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
