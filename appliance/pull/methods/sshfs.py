"""Method `sshfs` as values: the sshfs command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.plan import places

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan


def sshfs_argv(plan: RunPlan, fuse_descriptor: int) -> tuple[str, ...]:
    """Serve the client's root on a descriptor that is mounted already, in the foreground.

    `no_contain_symlinks`: without it every absolute or `..` symlink is missing from the archive (CVE-2026-47187's fix,
    in Debian's 3.7.3-1.2~deb13u1). Harmless here: Borg reads links and never follows them, the paths of the plan are
    walked without following, and the container holds nothing but this client's own things.
    No `uid`, `gid`, `umask` or `idmap`: they would flatten every owner.
    """
    return (
        "sshfs",
        "-f",
        "client:/",
        f"/dev/fd/{fuse_descriptor}",
        "-o",
        f"ssh_command=ssh -F {places.SSH_CONFIG}",
        "-o",
        "no_contain_symlinks",
        "-o",
        f"fsname={plan.client}",
    )
