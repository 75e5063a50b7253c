"""The only code between root and a program that meets a client's bytes: private mounts, drop everything, go.

Run as `python -m appliance.pull.launch SPEC`. Standard library only, and nothing of a client is read before the drop.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from appliance.pull import linux

if TYPE_CHECKING:
    from collections.abc import Mapping

# Seen when the working directory (the client's root) cannot be entered any more.
CANNOT_ENTER = 96
CANNOT_START = 97


@dataclass(frozen=True, slots=True, kw_only=True)
class MountSpec:
    """One mount(2), made in a private mount table just before the program starts."""

    source: str
    target: str
    filesystem: str = ""
    flags: int = 0
    data: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchSpec:
    """How to start one program as the unprivileged user.

    `keep`: capabilities that stay. `passphrase`: file to hand over as BORG_PASSPHRASE_FD. `stdin`: file to read from.
    `chroot`: change the root and run Borg *inside this process*, imported before; a program started from inside a
    client's root would have its loader read the client's /etc/ld.so.preload.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    uid: int
    gid: int
    directory: str = "/"
    mounts: tuple[MountSpec, ...] = ()
    chroot: str = ""
    image: str = ""
    libraries: str = ""
    keep: tuple[int, ...] = ()
    passphrase: str = ""
    stdin: str = ""

    def command(self) -> tuple[str, ...]:
        """The argv that carries this out."""
        return (sys.executable, "-P", "-m", "appliance.pull.launch", json.dumps(asdict(self)))

    @classmethod
    def from_json(cls, text: str) -> LaunchSpec:
        """Read it back in the new process."""
        fields = json.loads(text)
        mounts = tuple(MountSpec(**entry) for entry in fields.pop("mounts"))
        lists = {key: tuple(value) for key, value in fields.items() if isinstance(value, list)}
        return cls(**{**fields, **lists}, mounts=mounts)


def main() -> None:
    """Carry out the spec given as the only argument; never returns."""
    spec = LaunchSpec.from_json(sys.argv[1])
    environment = dict(spec.env)
    if spec.passphrase:
        environment["BORG_PASSPHRASE_FD"] = str(_open_as(spec.uid, spec.passphrase))
    if spec.stdin:
        os.dup2(_open_as(spec.uid, spec.stdin), 0)
    if spec.chroot:
        _run_borg_in_chroot(spec, environment)
    _prepare_mounts(spec)
    linux.become(spec.uid, spec.gid, spec.keep)
    _enter(spec.directory)
    try:
        os.execvpe(spec.argv[0], spec.argv, environment)  # noqa: S606 - this is what the module is for
    except OSError as error:
        print(f"cannot start {spec.argv[0]}: {error}", file=sys.stderr)  # noqa: T201 - the only way out
        os._exit(CANNOT_START)


def _prepare_mounts(spec: LaunchSpec) -> None:
    if spec.mounts:
        linux.enter_private_mounts()
    for entry in spec.mounts:
        linux.mount(entry.source, entry.target, entry.filesystem, entry.flags, entry.data)


def _run_borg_in_chroot(spec: LaunchSpec, environment: dict[str, str]) -> None:
    """Import Borg from the image, enter the client's root, drop everything, and run it without an exec."""
    import pwd  # noqa: PLC0415 - only this path needs it

    sys.path.append(spec.libraries)
    os.environ.clear()
    os.environ.update(environment)
    from borg.archiver import main as borg_main  # noqa: PLC0415 - Borg is not there for anybody else

    # glibc reads nsswitch.conf at the first look-up and not again once the root has changed (nss_database.c): this one
    # is the image's, so no look-up module that the client names is ever loaded.
    pwd.getpwuid(0)
    _prepare_mounts(spec)
    os.chroot(spec.chroot)
    # What Python loads from now on comes from the image, which is bound inside; never from the client's own Python.
    sys.path[:] = [f"{spec.image}{path}" for path in sys.path if path.startswith("/")]
    # A package remembers its own folder, and its modules are looked for there and not along sys.path.
    for module in tuple(sys.modules.values()):
        if folders := getattr(module, "__path__", None):
            module.__path__ = [f"{spec.image}{folder}" for folder in folders]
    linux.become(spec.uid, spec.gid, spec.keep)
    _enter(spec.directory)
    sys.argv = list(spec.argv)
    borg_main()
    os._exit(CANNOT_START)


def _open_as(uid: int, path: str) -> int:
    """Open with that user's rights: a root without capabilities may not read another user's secret."""
    os.seteuid(uid)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    os.set_inheritable(descriptor, True)
    os.seteuid(os.getuid())
    return descriptor


def _enter(directory: str) -> None:
    try:
        os.chdir(directory)
    except OSError as error:
        print(f"cannot enter {directory}: {error.strerror}", file=sys.stderr)  # noqa: T201 - the only way out
        os._exit(CANNOT_ENTER)


if __name__ == "__main__":
    main()
