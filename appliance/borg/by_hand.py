"""Any Borg command that an operator runs on a client: how it is called there, and what is refused unless forced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.borg.command import LOCK_WAIT_SECONDS, Command
from appliance.borg.create import client_environment
from appliance.plan import places

if TYPE_CHECKING:
    from collections.abc import Sequence

_HARMLESS = frozenset({"check", "diff", "export-tar", "extract", "help", "info", "list"})
_COUNTS = "makes an archive that no gate has looked at; `borgpull run` makes one that counts"
_KEY = "shows or changes the key, which is kept here (`borgpull key export`); a changed one is put back"
_DANGEROUS = {
    "delete": "deletes archives; what the ledger knows and the repository lacks stops every further run",
    "prune": "deletes archives; `keep` lets the server do so, after it has asked the ledger",
    "compact": "makes deletions final; the server does so after each prune, once it has asked the ledger",
    "recreate": "replaces archives by others, which the ledger takes for tampering",
    "rename": "renames archives, which the ledger takes for tampering",
    "create": _COUNTS,
    "import-tar": _COUNTS,
    "init": "makes a repository; each client has one already, made by its first run",
    "key": _KEY,
    "change-passphrase": _KEY,
    "config": "changes the repository's configuration; what stood there before is put back",
    "upgrade": "rewrites the repository",
    "break-lock": "takes the lock away from whoever holds it; the next run breaks what a dead run left by itself",
    "with-lock": "runs another command",
    "serve": "serves another repository to whoever asks",
    "mount": "needs the way to the server for as long as it is mounted; use `extract` or `export-tar`",
    "umount": "belongs to `mount`",
    "benchmark": "writes to the repository",
    "debug": "can change anything in the repository",
}
# Options that lead out of the client's own channel, or past its lock.
_WAYS_OUT = ("--rsh", "--remote-path", "--bypass-lock")


def refusal(arguments: Sequence[str]) -> str | None:
    """Say why these arguments of `borg` need `--force`; None where they do not."""
    verb = arguments[0] if arguments else ""
    if verb in ("-h", "--help", "-V", "--version"):
        return None
    if verb in _DANGEROUS:
        return f"`borg {verb}` {_DANGEROUS[verb]}"
    if verb not in _HARMLESS:
        return f"{verb!r} is no command of Borg that is known here; the command comes first, and its options after it"
    # Borg takes any beginning of a long option for the whole.
    if verb == "check" and any(word.startswith("--repa") and "--repair".startswith(word) for word in arguments):
        return "`borg check --repair` throws away what it cannot mend; copy the repository first"
    for word in arguments[1:]:
        option = word.partition("=")[0]
        if any(len(option) > len("--r") and way.startswith(option) for way in _WAYS_OUT):
            return f"{option} leads around the way that Borgpull has opened"
    return None


def on_client(arguments: Sequence[str], *, base: str, rsh: str) -> Command:
    """Build the command: the repository is in the environment, so that `list` and `info ::ARCHIVE` mean it."""
    verb, *rest = arguments
    options = () if verb.startswith("-") or verb == "help" else ("--lock-wait", str(LOCK_WAIT_SECONDS))
    return Command(
        argv=("borg", verb, *options, *rest),
        env={**client_environment(base, rsh), "BORG_REPO": places.REMOTE_LOCATION},
    )
