"""What runs in the machines of the lab: new content, the digest of a tree, and a look at archives by plain Borg.

Given to Python as text, so it imports nothing of the tests. Command line: `renew SEED`, which says the digest of what
is there then; or `look ORDER`, where ORDER is JSON: archives that are `known` need no look unless it is `thorough`.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path("/srv/tree")
_FILES, _RENEWED, _SIZE = 40, 20, 40_000
_BORG = ("borg", "--lock-wait", "30")


def renew(seed: int) -> None:
    """Give half of the files new content; the very first time all of them."""
    chance = random.Random(seed)  # noqa: S311 - content, not a secret
    TREE.mkdir(parents=True, exist_ok=True)
    there = list(TREE.iterdir())
    for number in range(_FILES) if not there else chance.sample(range(_FILES), _RENEWED):
        (TREE / f"{number:02}").write_bytes(chance.randbytes(_SIZE))


def digest(root: Path) -> str:
    """Return one digest of the names and bytes of all files below a folder."""
    total = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        total.update(f"{path.relative_to(root)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def extracted(archive: str) -> str:
    """Extract an archive and return the digest of its tree; "" when Borg cannot."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run((*_BORG, "extract", f"::{archive}"), cwd=folder, check=False, stdout=sys.stderr)
        return "" if done.returncode else digest(Path(folder, *TREE.parts[1:]))


def look(known: frozenset[str], *, thorough: bool) -> dict[str, object]:
    """List all archives, half-made ones too, and extract those that are new, or all and check the repository."""
    listed = subprocess.run((*_BORG, "list", "--consider-checkpoints", "--short"), check=True, stdout=subprocess.PIPE)
    archives = listed.stdout.decode().split()
    sound = not thorough or not subprocess.run((*_BORG, "check", "--verify-data"), check=False).returncode
    digests = {name: extracted(name) for name in archives if thorough or name not in known}
    return {"archives": archives, "digests": digests, "sound": sound}


def main() -> None:
    match sys.argv[1:]:
        case ["renew", seed]:
            renew(int(seed))
            sys.stdout.write(digest(TREE))
        case ["look", order]:
            asked = json.loads(order)
            json.dump(look(frozenset(asked["known"]), thorough=asked["thorough"]), sys.stdout)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
