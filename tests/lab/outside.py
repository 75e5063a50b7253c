"""Look at an archive with plain upstream Borg, away from the appliance: check it, extract it, take its manifest.

Runs in a lab machine, in an empty working folder, with BORG_REPO and BORG_PASSCOMMAND set;
as root, so that owners can be given back.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.lab.compare import Manifest, manifest, quoted

BORG = ("borg", "--lock-wait", "30")


def archived_owners(archive: str, path: str) -> dict[str, tuple[str, str]]:
    """Ask the archive which user and group name each path carries; "" where it carries none."""
    # As a tar, since `borg list` prints a question mark for every byte that is no UTF-8.
    with subprocess.Popen((*BORG, "export-tar", f"::{archive}", "-", path), stdout=subprocess.PIPE) as borg:
        assert borg.stdout is not None
        with tarfile.open(fileobj=borg.stdout, mode="r|") as listing:
            owners = {quoted(entry.name): (entry.uname, entry.gname) for entry in listing}
        # Zeros follow the end of a tar, and whoever writes them must not find the reader gone.
        borg.stdout.read()
    assert borg.returncode == 0, "borg export-tar failed"
    return owners


def extracted(archive: str, path: str) -> Manifest:
    """Extract `path` (without its leading slash) by number, and describe it with the names the archive carries."""
    subprocess.run((*BORG, "extract", "--numeric-ids", "--sparse", f"::{archive}", path), check=True)
    owners = archived_owners(archive, path)
    found = manifest(Path(path), Path("/nowhere"))
    for name, entry in found.items():
        full = quoted(path) if name == "." else f"{quoted(path)}/{name}"
        entry["user"], entry["group"] = owners[full]
    return found


def main() -> None:
    """Command line: `outside.py ARCHIVE PATH` prints the manifest of PATH in ARCHIVE; fails when a check does."""
    archive, path = sys.argv[1:3]
    subprocess.run((*BORG, "check", "--verify-data"), check=True, stdout=sys.stderr)
    json.dump(extracted(archive, path), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
