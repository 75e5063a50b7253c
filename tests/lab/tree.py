"""Make the lab's tree: every kind of file a machine can hold, byte for byte the same each time."""

from __future__ import annotations

import argparse
import os
import random
from pathlib import Path

# Names that break careless programs: newline, quotes, leading dash, spaces, glob signs, Unicode, and no UTF-8 at all.
ODD_NAMES = (
    b"-rf",
    b" leading and trailing ",
    b"new\nline",
    b"quo'te\"s",
    b"back\\slash",
    b"glob*?[a]",
    b"dollar$HOME;`id`",
    "ünïcödé-日本-🎈".encode(),
    "e\u0301-decomposed".encode(),
    b"latin1-\xe9\xff",
    b"tab\there",
    b"long-" + b"x" * 240,
)
# Owner and group by number: root, two people of the machine, and ids it does not know.
OWNERS = ((0, 0), (1000, 1000), (1001, 1500), (4242, 4343))
EPOCH = 1_600_000_000
NANOSECONDS = 123_456_789
MODES = (0o755, 0o644, 0o444, 0o4755, 0o2755, 0o1644, 0o666)
PRIVATE_MODES = (0o600, 0o400)


def make(root: Path, *, public: bool) -> None:
    """Fill the empty folder `root`, made if need be; `public` leaves out whatever only its owner may read."""
    root.mkdir(parents=True, exist_ok=True)
    _plain_files(root)
    _odd_names(root)
    _links(root)
    _special(root)
    if not public:
        _private(root)
    _owners(root)
    _modes(root, MODES if public else MODES + PRIVATE_MODES, public=public)
    _times(root)


def _plain_files(root: Path) -> None:
    content = random.Random(20201)  # noqa: S311 - the same bytes each time is the point
    folder = root
    for depth in range(3):
        folder = folder / f"folder {depth}"
        folder.mkdir()
        for number in range(20):
            (folder / f"file-{number}.bin").write_bytes(content.randbytes(number * 997))
    (root / "empty").touch()
    (root / "text.txt").write_text("a line\n" * 10_000)
    (root / "large.bin").write_bytes(content.randbytes(9_000_000))
    (root / "empty folder").mkdir()


def _odd_names(root: Path) -> None:
    folder = root / "odd"
    folder.mkdir()
    for name in ODD_NAMES:
        (folder / os.fsdecode(name)).write_bytes(b"named " + name)


def _links(root: Path) -> None:
    folder = root / "links"
    folder.mkdir()
    (folder / "absolute").symlink_to("/etc/passwd")
    (folder / "relative").symlink_to("../text.txt")
    (folder / "far-up").symlink_to("../../../../../../etc/hostname")
    (folder / "dangling").symlink_to("no such file")
    (folder / "itself").symlink_to("itself")
    (folder / "folder").symlink_to("..")
    (folder / os.fsdecode(b"odd-\xff")).symlink_to(os.fsdecode(b"../odd/latin1-\xe9\xff"))
    (folder / "one").write_bytes(b"one content, three names")
    (folder / "two").hardlink_to(folder / "one")
    (root / "three").hardlink_to(folder / "one")


def _special(root: Path) -> None:
    os.mkfifo(root / "fifo", 0o644)
    with (root / "sparse").open("wb") as stream:
        stream.write(b"start")
        stream.seek(4_000_000)
        stream.write(b"end")
    (root / "modes").mkdir()


def _private(root: Path) -> None:
    (root / "unreadable").write_bytes(b"mode 0000")
    (root / "private").mkdir()
    (root / "private" / "inside").write_bytes(b"in a folder only its owner enters")


def _owners(root: Path) -> None:
    for number, path in enumerate(_all(root)):
        os.chown(path, *OWNERS[number % len(OWNERS)], follow_symlinks=False)


def _modes(root: Path, modes: tuple[int, ...], *, public: bool) -> None:
    # After the owners, since a change of owner drops setuid.
    for number, mode in enumerate(modes):
        path = root / "modes" / f"{mode:04o}"
        path.write_bytes(b"mode")
        os.chown(path, *OWNERS[number % len(OWNERS)])
        path.chmod(mode)
    (root / "odd").chmod(0o3777)
    (root / "links").chmod(0o2755)
    if not public:
        (root / "unreadable").chmod(0o000)
        (root / "private").chmod(0o700)


def _times(root: Path) -> None:
    # Deepest first: touching an entry changes its folder's time.
    for number, path in enumerate(reversed(_all(root))):
        moment = (EPOCH + number * 86_399) * 1_000_000_000 + NANOSECONDS
        os.utime(path, ns=(moment, moment), follow_symlinks=False)


def _all(root: Path) -> list[Path]:
    found = [root]
    for folder, folders, files in os.walk(root):
        folders.sort()
        found += [Path(folder, name) for name in sorted(folders + files)]
    return found


def main() -> None:
    """Command line: `tree.py [--public] FOLDER`; a folder that already holds something is left as it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--public", action="store_true", help="leave out what only its owner may read")
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    if asked.folder.exists() and any(asked.folder.iterdir()):
        return
    os.umask(0o022)
    make(asked.folder, public=asked.public)


if __name__ == "__main__":
    main()
