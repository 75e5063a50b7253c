"""What the doctor says of the security around containers: of what the engine and the kernel say of this one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from appliance.cli.findings import fine, warning
from appliance.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.cli.findings import Finding
    from appliance.cli.surroundings import InspectableEngine

_SUBJECT = "security"
_PROC = Path("/proc/self")
# The whole range of users, from 0 on: nothing is mapped.
_ALL_USERS = ["0", "0", "4294967295"]


def security_findings(engine: InspectableEngine, *, proc: Path = _PROC) -> Iterator[Finding]:
    """Look at AppArmor, SELinux, seccomp and mapped users; `proc` is where the kernel speaks of this process."""
    try:
        own = engine.own()
    except EngineError:
        # Said already.
        return
    there = [f"AppArmor ({own.apparmor})"] if own.apparmor else []
    there += [f"SELinux ({own.selinux})"] if own.selinux else []
    there += ["seccomp"] if "Seccomp:\t2" in _text(proc / "status") else []
    yield fine(_SUBJECT, f"containers run under {', '.join(there) or 'neither AppArmor nor SELinux nor seccomp'}")
    users = _text(proc / "uid_map").split()
    if users and users != _ALL_USERS:
        sentence = "the engine maps users (rootless, or userns-remap): root here is not root on the host"
        advice = "files in the volumes belong to other numbers there; FUSE is proven by its own line"
        yield warning(_SUBJECT, sentence, advice)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
