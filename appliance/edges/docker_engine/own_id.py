"""Read from the kernel's tables which container this process may be in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ID = r"([0-9a-f]{64})"
# Engines bind these three from a folder named after the container; the file's source tells the id even with host
# networking, with --hostname, and under cgroup v2, where the cgroup file says only "0::/".
_MOUNTED = re.compile(rf"/{_ID}/(?:userdata/)?(?:hostname|hosts|resolv\.conf)$")
_CGROUP = re.compile(rf"(?:/|docker-|libpod-|crio-){_ID}(?:\.scope)?(?:/|$)")


def from_mountinfo(text: str) -> Iterator[str]:
    """Yield the ids that /proc/self/mountinfo tells, most likely first."""
    for line in text.splitlines():
        fields = line.split(" ")
        found = len(fields) > 4 and fields[4].startswith("/etc/") and _MOUNTED.search(fields[3])  # noqa: PLR2004
        if found:
            yield found[1]


def from_cgroup(text: str) -> Iterator[str]:
    """Yield the ids that /proc/self/cgroup tells; the innermost of nested containers first."""
    for line in text.splitlines():
        yield from reversed(_CGROUP.findall(line))
