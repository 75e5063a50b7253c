"""Take the manifest of a tree, and tell two manifests apart: how the tests prove that an archive equals its source."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

Entry = dict[str, Any]
Manifest = dict[str, Entry]
KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "character device",
    stat.S_IFBLK: "block device",
}


def manifest(root: Path, machine: Path = Path("/")) -> Manifest:
    """Describe everything below `root` and itself, keyed by its path from there ('.' first).

    Owner names are those of the machine whose system lies at `machine`; an id it does not know has the name "".
    Paths and targets are percent-quoted text of the very bytes.
    """
    users = _names(machine / "etc/passwd")
    groups = _names(machine / "etc/group")
    found = {".": _entry(root, users, groups)}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = Path(folder, name)
            found[quoted(path.relative_to(root))] = _entry(path, users, groups)
    _number_hard_links(found)
    return dict(sorted(found.items()))


def quoted(path: Path | str | bytes) -> str:
    """Write any bytes as printable ASCII, so that a manifest is plain JSON."""
    return "".join(chr(byte) if 0x20 < byte < 0x7F and byte != 0x25 else f"%{byte:02X}" for byte in os.fsencode(path))


def differences(source: Manifest, copy: Manifest, *, ignore: frozenset[str] = frozenset()) -> list[str]:
    """Say in a sentence each what differs between source and copy, but for the fields that are declared lost."""
    found = [f"{path}: only in the source" for path in source if path not in copy]
    found += [f"{path}: only in the copy" for path in copy if path not in source]
    for path, entry in source.items():
        other = copy.get(path, entry)
        for name in sorted(entry.keys() | other.keys()):
            if name not in ignore and entry.get(name) != other.get(name):
                found.append(f"{path}: {name} is {entry.get(name)!r} in the source, {other.get(name)!r} in the copy")
    return found


def _entry(path: Path, users: dict[int, str], groups: dict[int, str]) -> Entry:
    status = path.lstat()
    kind = KINDS[stat.S_IFMT(status.st_mode)]
    entry: Entry = {
        "type": kind,
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "uid": status.st_uid,
        "gid": status.st_gid,
        "user": users.get(status.st_uid, ""),
        "group": groups.get(status.st_gid, ""),
        "mtime": status.st_mtime_ns // 1_000_000_000,
        "mtime_ns": status.st_mtime_ns,
    }
    if kind == "file":
        entry |= {"size": status.st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        entry |= {"sparse": status.st_blocks * 512 < status.st_size}
        entry |= {"hard_link": (status.st_dev, status.st_ino) if status.st_nlink > 1 else None}
    if xattrs := _xattrs(path):
        entry["xattrs"] = xattrs
    if kind == "symlink":
        entry["target"] = quoted(path.readlink())
    if kind.endswith("device"):
        entry["device"] = status.st_rdev
    return entry


def _xattrs(path: Path) -> dict[str, str]:
    """Read all there are: ACLs, of files and the defaults of folders, and capabilities are among them."""
    # The label is not the lab's: it comes from the machine that carries it.
    names = sorted(set(os.listxattr(path, follow_symlinks=False)) - {"security.selinux"})
    return {quoted(name): os.getxattr(path, name, follow_symlinks=False).hex() for name in names}


def _number_hard_links(found: Manifest) -> None:
    # Inode numbers differ between machines; which paths share one does not.
    first: dict[tuple[int, int], str] = {}
    for path in sorted(found):
        inode = found[path].get("hard_link")
        if inode is not None:
            found[path]["hard_link"] = first.setdefault(inode, path)


def _names(database: Path) -> dict[int, str]:
    if not database.exists():
        return {}
    rows = [line.split(":") for line in database.read_text(encoding="utf-8").splitlines() if line]
    return {int(row[2]): row[0] for row in reversed(rows)}


def main() -> None:
    """Command line: `compare.py FOLDER [SYSTEM]` prints the manifest; SYSTEM is where that machine's /etc lies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("system", type=Path, nargs="?", default=Path("/"))
    asked = parser.parse_args()
    json.dump(manifest(asked.folder, asked.system), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
