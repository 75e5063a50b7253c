"""The few system calls that Python has no name for: mounts, namespaces, capabilities."""

from __future__ import annotations

import ctypes
import os

CAP_DAC_READ_SEARCH = 2

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

_CLONE_NEWNS = 0x00020000
_MNT_FORCE, _MNT_DETACH = 1, 2
_PR_SET_KEEPCAPS = 8
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522
# Higher than any kernel's last capability; the kernel refuses the surplus, which is no error here.
_CAPABILITIES = 64

_libc = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def mount(source: str, target: str, filesystem: str = "", flags: int = 0, data: str = "") -> None:
    """Mount; raises OSError with the target as its file name."""
    _check(
        _libc.mount(
            source.encode() or None,
            target.encode(),
            filesystem.encode() or None,
            ctypes.c_ulong(flags),
            data.encode() or None,
        ),
        target,
    )


def detach(target: str) -> None:
    """Unmount now for everybody who looks, later for who still has it open; raises OSError."""
    _check(_libc.umount2(target.encode(), _MNT_DETACH), target)


def abort(target: str) -> None:
    """End every wait in a FUSE mount, that of its own server too; where nobody has it open, unmount it."""
    # EBUSY is the answer of one that did so and has users (fs/namespace.c, do_umount).
    _libc.umount2(target.encode(), _MNT_FORCE)


def enter_private_mounts() -> None:
    """Give this process a mount table of its own, from which nothing leaks out; raises OSError."""
    _check(_libc.unshare(_CLONE_NEWNS), "mount namespace")
    mount("none", "/", flags=MS_REC | MS_PRIVATE)


def become(uid: int, gid: int, keep: tuple[int, ...] = ()) -> None:
    """Become that user for good: no capability but those in `keep`, an empty bounding set, no new privileges.

    A process that is that user already (a container without rights) only gets what is left to give.
    """
    if os.getuid() == 0:
        _libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
        for capability in range(_CAPABILITIES):
            if capability not in keep:
                _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        _set_capabilities(keep)
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")


def _set_capabilities(keep: tuple[int, ...]) -> None:
    mask = sum(1 << capability for capability in keep)
    sets = (_Sets * 2)()
    sets[0].effective = sets[0].permitted = sets[0].inheritable = mask
    _check(_libc.capset(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), ctypes.byref(sets)), "capabilities")
    _check(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "ambient capabilities")
    for capability in keep:
        _check(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0), "ambient capabilities")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
