"""Volumes in memory: small ones fill up, and they can be made read-only under a running appliance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab


def tmpfs(lab: Lab, *, size: str) -> str:
    """Make a volume in memory. It lives as long as a container uses it, and is empty each time."""
    options = ("--driver", "local", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", f"o=size={size},mode=755")
    return lab.volume(lab.name("tmpfs"), *options)


def resize(container: str, folder: str, size: str) -> None:
    """Give the volume that the container has there another size."""
    _remount(container, folder, f"size={size}")


def set_writable(container: str, folder: str, *, writable: bool) -> None:
    """Make the volume that the container has there read-only for everybody, as a disk after errors, or writable."""
    _remount(container, folder, "rw" if writable else "ro")


def _remount(container: str, folder: str, option: str) -> None:
    # From a container beside it with the same volumes: the options are those of the file system, not of one mount.
    image = docker("inspect", "--format", "{{.Config.Image}}", container).stdout.strip()
    docker(
        "run", "--rm", "--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined", "--network", "none",
        "--volumes-from", container, "--entrypoint", "mount", image, "-o", f"remount,{option}", folder,
    )  # fmt: skip
