"""What to read on a client and what to leave out, proposed from its real mounts, each with the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.plan.filesystems import why_left_out
from appliance.plan.offer import DOCKER_VOLUMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from appliance.plan.offer import MountPoint, Offer

ROOT = "/"
_KERNEL = "made by the kernel"
_LAYERS = "layers of containers, come back from their images"
_SNAPSHOTS = "older states of the same files"
# Of every Linux, whether or not its mounts could be seen.
_ALWAYS = (("/proc", _KERNEL), ("/sys", _KERNEL), ("/dev", _KERNEL), ("/run", "in memory, gone at the next start"))
_WHERE_PRESENT = (
    ("/tmp", "temporary files"),  # noqa: S108 - a pattern
    ("/var/tmp", "temporary files"),  # noqa: S108
    ("/var/cache", "caches, made anew when they are missing"),
    ("/swapfile", "swap"),
    ("/swap.img", "swap"),
    ("/.snapshots", _SNAPSHOTS),
    ("/timeshift", _SNAPSHOTS),
    ("/var/lib/docker/overlay2", _LAYERS),
    ("/var/lib/docker/fuse-overlayfs", _LAYERS),
    ("/var/lib/docker/buildkit", "Docker's build cache"),
    ("/var/lib/containerd", _LAYERS),
    ("/var/lib/containers/storage/overlay", _LAYERS),
)
_CACHES = ("sh:**/.cache", "caches of programs, made anew when they are missing")
_SYNOLOGY = (("sh:**/@eaDir", "thumbnails and indexes of DSM"), ("sh:**/#recycle", "the trash of shares"))
_VOLUME = re.compile(r"/volume\d+")
_MAGIC = re.compile(r"[*?\[\]\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A pattern of what is not read, and why."""

    pattern: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`paths` with `reason`, what is left out, and the file systems that are read; `notes` are worth a thought."""

    paths: tuple[str, ...]
    reason: str
    left_out: tuple[LeftOut, ...]
    read: tuple[MountPoint, ...]
    notes: tuple[str, ...]


def propose(offer: Offer, user: str) -> Proposal:
    """Return what to read as that user."""
    paths, reason = _paths(offer, user)
    left_out = met_below(paths, tuple(_left_out(offer)))
    gone = [one.pattern for one in left_out]
    read = tuple(one for one in offer.mounts if _is_read(one, paths, gone))
    return Proposal(paths=paths, reason=reason, left_out=left_out, read=read, notes=tuple(_notes(offer, user)))


def _paths(offer: Offer, user: str) -> tuple[tuple[str, ...], str]:
    points = [one.point for one in offer.mounts]
    if user != "root" and offer.reads_all is False:
        where = offer.home if offer.home.startswith("/") and offer.home.isprintable() else ROOT
        return (where,), f"the home of {user}, which cannot read everything"
    vendor = "its system comes back from the vendor's image"
    if "/etc/synoinfo.conf" in offer.present:
        volumes = tuple(point for point in points if _VOLUME.fullmatch(point))
        if volumes:
            return (*volumes, "/etc"), f"the volumes of a Synology; {vendor}"
    if "/boot/config/ident.cfg" in offer.present and "/mnt/user" in offer.present:
        return ("/mnt/user", "/boot/config"), f"the shares and the configuration of an Unraid server; {vendor}"
    if "/usr/bin/midclt" in offer.present:
        pools = tuple(one.point for one in offer.mounts if one.kind == "zfs" and re.fullmatch("/mnt/[^/]+", one.point))
        if pools and all(pool.isprintable() for pool in pools):
            return (*pools, "/data"), f"the pools of a TrueNAS, and its configuration; {vendor}"
    return (ROOT,), "the whole machine, so that it can come back whole"


def _left_out(offer: Offer) -> Iterator[LeftOut]:
    """Yield each thing once: what lies below another one that is left out needs no line of its own."""
    chosen: list[str] = []
    swaps = ((swap, "swap") for swap in offer.swaps)
    present = ((path, why) for path, why in _WHERE_PRESENT if path in offer.present)
    mounts = ((one.point, why_left_out(one)) for one in offer.mounts if one.point != ROOT)
    for path, why in (*_ALWAYS, *present, *swaps, *mounts):
        if why and path.isprintable() and not any(_is_below(path, above) for above in chosen):
            chosen.append(path)
            yield LeftOut(pattern=f"pp:{path}" if _MAGIC.search(path) else path, reason=why)
    for pattern, why in (_CACHES, *(_SYNOLOGY if "/etc/synoinfo.conf" in offer.present else ())):
        yield LeftOut(pattern=pattern, reason=why)


def met_below(paths: Sequence[str], left_out: Sequence[LeftOut]) -> tuple[LeftOut, ...]:
    """Return what of it reading these paths would meet; a pattern of names may be met anywhere."""
    plain = ((one, one.pattern.removeprefix("pp:")) for one in left_out)
    return tuple(
        one for one, path in plain if not path.startswith("/") or any(_is_below(path, above) for above in paths)
    )


def _is_read(mount: MountPoint, paths: tuple[str, ...], gone: list[str]) -> bool:
    if any(_is_below(mount.point, one.removeprefix("pp:")) for one in gone):
        return False
    return any(_is_below(mount.point, path) or _is_below(path, mount.point) for path in paths)


def _is_below(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above.rstrip('/')}/")


def _notes(offer: Offer, user: str) -> Iterator[str]:
    if not offer.mounts:
        yield (
            "its mounts could not be seen: look yourself for network shares and other disks, and leave out what is "
            "not its own"
        )
    if user != "root" and offer.reads_all is False:
        yield f"{user} cannot read everything; what it cannot read becomes a warning of each run"
    if DOCKER_VOLUMES in offer.present:
        count = f" ({len(offer.volumes)})" if offer.volumes else ""
        yield (
            f"the Docker volumes{count} in {DOCKER_VOLUMES} are read as they lie there; a database in one of them is "
            "safe only as a dump (`before`, or `stream`)"
        )
