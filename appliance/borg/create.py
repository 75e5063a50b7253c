"""`borg create`: the source as one archive under a temporary name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.borg.command import LOCK_WAIT_SECONDS, REPOSITORY, Command, borg
from appliance.plan import places
from appliance.plan.run_plan import ACLS, TRUE_INODES, XATTRS

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan


# What the client's own command complains of is told apart from what Borg says, and its exit code is the last word. It
# comes as a file of its user, whose path is in the environment: others on the client see arguments and, on some
# systems, environments, and a command may hold a password.
STREAM = "BORGPULL_STREAM"
SAID = "borgpull:said="
_STREAM = (
    "exec 3>&1\n"
    f'code=$({{ {{ /bin/sh -c \'stream=$(cat "${STREAM}") || exit 126; unset {STREAM}; eval "$stream"\' '
    "2>&1 >&3 3>&- 4>&-; "
    f"echo $? >&4; }} | sed 's/^/{SAID}/' >&2 3>&- 4>&-; }} 4>&1)\n"
    'exit "$code"'
)


def create(plan: RunPlan, shown: frozenset[str] = frozenset()) -> Command:
    """Build the command; it runs in the source's root, so that names in the archive are the original ones.

    `shown` is what the source shows beyond SFTP although it comes by SFTP: TRUE_INODES, ACLS, XATTRS.
    """
    return borg(
        plan,
        "create",
        "--json",
        "--compression",
        plan.compression,
        "--comment",
        f"borgpull run {plan.run_id}",
        *_fidelity(plan, shown),
        *(("--exclude-caches",) if plan.exclude_caches else ()),
        *(argument for pattern in _excludes(plan) for argument in ("--exclude", pattern)),
        f"{REPOSITORY}::{plan.temporary_archive_name}",
        "--",
        *(relative(path) for path in plan.paths),
        options=("--progress",),
    )


def create_on_client(plan: RunPlan, *, base: str, rsh: str) -> Command:
    """Build the command for a Borg on the client, in the client's own root; `base` is where it keeps its cache there.

    The passphrase comes as descriptor 9, the command of a stream as the file that STREAM names.
    """
    room = (f"pp:{relative(base)}",) if plan.paths else ()
    excludes = tuple(argument for pattern in (*room, *plan.exclude) for argument in ("--exclude", pattern))
    archive = f"{places.REMOTE_LOCATION}::{plan.temporary_archive_name}"
    if plan.stream_command:
        shell = ("/bin/sh", "-c", _STREAM)
        source: tuple[str, ...] = ("--content-from-command", "--stdin-name", plan.stream_name, archive, "--", *shell)
    else:
        source = (*excludes, archive, "--", *(relative(path) for path in plan.paths))
    argv = (
        *("borg", "--lock-wait", str(LOCK_WAIT_SECONDS), "--log-json", "--progress", "create", "--json"),
        *("--compression", plan.compression, "--comment", f"borgpull run {plan.run_id}"),
        # Our time: prune keeps and deletes by it, and a client's clock may be wrong.
        *("--timestamp", plan.time_in_name),
        *(("--numeric-ids",) if plan.names == "numeric" else ()),
        *(("--exclude-caches",) if plan.exclude_caches else ()),
        *source,
    )
    return Command(argv=argv, env=client_environment(base, rsh))


def client_environment(base: str, rsh: str) -> dict[str, str]:
    """Return what a Borg on a client is told by its environment, for any verb."""
    return {
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "BORG_EXIT_CODES": "modern",
        "BORG_BASE_DIR": base,
        "BORG_RSH": rsh,
        "BORG_PASSPHRASE_FD": "9",
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "no",
        "BORG_RELOCATED_REPO_ACCESS_IS_OK": "no",
        "BORG_FILES_CACHE_TTL": "60",
    }


def relative(path: str) -> str:
    """Turn an absolute path of the client into one below the source's root: `/etc` → `etc`, `/` → `.`."""
    return path.strip("/") or "."


def _fidelity(plan: RunPlan, shown: frozenset[str]) -> tuple[str, ...]:
    numeric = ("--numeric-ids",) if plan.names == "numeric" else ()
    if plan.method != "sshfs":
        # Inode numbers of a bind mount are the host file system's own, so Borg's safe default holds.
        return (*numeric, "--files-cache", "ctime,size,inode")
    if TRUE_INODES in shown:
        # Extended attributes and ACLs come with the listing. Where it has none, nobody needs to ask for them file by
        # file. Flags do not come with it, and asking for them opens every file.
        unasked = (*(() if ACLS in shown else ("--noacls",)), *(() if XATTRS in shown else ("--noxattrs",)))
        return (*numeric, "--noflags", *unasked, "--files-cache", "ctime,size,inode")
    # SFTP version 3 carries no flags, ACLs or xattrs, and asking costs a round trip a file (sshfs.c, archive.py);
    # its ctime is a copy of mtime and its inode numbers change with every mount.
    return (*numeric, "--noflags", "--noacls", "--noxattrs", "--files-cache", "mtime,size")


def _excludes(plan: RunPlan) -> tuple[str, ...]:
    # In the chroot our own room stands among the client's folders.
    room = (f"pp:{places.ROOM.name}",) if plan.names == "chroot" else ()
    return (*room, *plan.exclude)
