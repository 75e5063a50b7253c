"""What a volume is: read from the kernel's table of mounts, and judged as a place for a repository or a journal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

# Words of the kernel's table: `36 35 98:0 /root /mount/point options … - kind source options`.
_MOUNT_POINT = 4
_ESCAPED = re.compile(r"\\([0-7]{3})")
_OF_NETWORKS = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "orangefs",
    "smb3", "smbfs",
})  # fmt: skip
# FUSE programs with a network behind them.
_FUSE_OF_NETWORKS = frozenset({
    "ceph-fuse", "curlftpfs", "davfs2", "gcsfuse", "glusterfs", "goofys", "juicefs", "rclone", "s3fs", "seaweedfs",
    "smbnetfs", "sshfs",
})  # fmt: skip
# Folders of the machine that a virtual machine runs on (Docker Desktop, VirtualBox, VMware).
_SHARED = frozenset({"fakeowner", "grpcfuse", "osxfs", "prl_fs", "vboxsf", "virtiofs", "vmhgfs"})


class Kind(StrEnum):
    """What sort of file system it is, as far as it matters to who writes databases there."""

    LOCAL = "local"
    NETWORK = "network"
    FUSE = "FUSE"
    SHARED = "shared by the machine around this one"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeLook:
    """A folder as it was found. Sizes in bytes.

    `mounted` says whether something is mounted at exactly that place; `file_system` is the kernel's word for what it
    lies on; `trouble` says why nothing can be written there, empty when it can.
    """

    mounted: bool = True
    file_system: str = ""
    free: int = 0
    size: int = 0
    trouble: str = ""

    @property
    def kind(self) -> Kind:
        """What sort of file system that is."""
        return kind_of(self.file_system)


def kind_of(file_system: str) -> Kind:
    """Judge the kernel's word for a file system (`ext4`, `nfs4`, `fuse.mergerfs`)."""
    word, _, program = file_system.partition(".")
    if file_system in _OF_NETWORKS or (word == "fuse" and program in _FUSE_OF_NETWORKS):
        return Kind.NETWORK
    if file_system in _SHARED or (word == "fuse" and program in _SHARED):
        return Kind.SHARED
    if word in ("fuse", "fuseblk"):
        return Kind.FUSE
    return Kind.MEMORY if file_system in ("tmpfs", "ramfs") else Kind.LOCAL


def mount_of(folder: str, mountinfo: str) -> tuple[bool, str]:
    """Return whether something is mounted at the folder, and the file system it lies on (empty: nobody knows).

    `mountinfo` is the text of /proc/self/mountinfo; where several things are mounted at one place, the last one counts.
    """
    best, found = "", ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        words = before.split(" ")
        if len(words) <= _MOUNT_POINT:
            continue
        point = _ESCAPED.sub(lambda escape: chr(int(escape[1], 8)), words[_MOUNT_POINT])
        if PurePosixPath(folder).is_relative_to(point) and len(point) >= len(best):
            best, found = point, after.partition(" ")[0]
    return bool(best) and PurePosixPath(best) == PurePosixPath(folder), found
