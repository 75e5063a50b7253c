"""Kinds of file systems: which hold a machine's own data, and why the others are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.plan.offer import MountPoint

_KERNEL = frozenset(
    {
        "autofs",
        "binder",
        "binfmt_misc",
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "devpts",
        "efivarfs",
        "functionfs",
        "fusectl",
        "hugetlbfs",
        "mqueue",
        "nfsd",
        "nsfs",
        "proc",
        "pstore",
        "resctrl",
        "rpc_pipefs",
        "securityfs",
        "selinuxfs",
        "smackfs",
        "sysfs",
        "tracefs",
    }
)
_MEMORY = frozenset({"devtmpfs", "ramfs", "tmpfs"})
_LAYERS = frozenset({"aufs", "fuse.fuse-overlayfs", "overlay"})
_IMAGES = frozenset({"cramfs", "erofs", "fuse.snapfuse", "iso9660", "romfs", "squashfs", "udf"})
_VIEWS = frozenset({"fuse.archivemount", "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fuse.ratarmount"})
_NETWORK = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse.ceph",
        "fuse.curlftpfs",
        "fuse.davfs",
        "fuse.davfs2",
        "fuse.glusterfs",
        "fuse.goofys",
        "fuse.juicefs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.seaweedfs",
        "fuse.sshfs",
        "fuse.vmhgfs-fuse",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "orangefs",
        "prl_fs",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
    }
)


def is_local(mount: MountPoint) -> bool:
    """Whether it holds data of the machine itself; only of those may one ask for sizes: a dead share never answers."""
    return mount.point == "/" or not why_left_out(mount)


def why_left_out(mount: MountPoint) -> str:
    """Say why a file system of that kind is no data of the machine; "" where it is."""
    if mount.kind in _NETWORK:
        return f"{mount.kind} from {mount.source}: another machine's data, back it up there"
    for kinds, why in (
        (_KERNEL, "made by the kernel"),
        (_MEMORY, "in memory, gone at the next start"),
        (_LAYERS, "layers of a container, come back from its image"),
        (_IMAGES, "a read-only image, comes back from its package or disc"),
        (_VIEWS, "a view of files that are elsewhere"),
    ):
        if mount.kind in kinds:
            return f"{mount.kind}: {why}"
    return ""
