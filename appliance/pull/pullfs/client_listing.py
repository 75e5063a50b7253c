"""The client's tree, read in one stream over a connection of its own, or else folder by folder over SFTP."""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from dataclasses import dataclass
from subprocess import TimeoutExpired
from typing import IO, TYPE_CHECKING

from appliance.plan import places
from appliance.plan.run_plan import ACLS, TRUE_INODES, XATTRS
from appliance.pull.execute import PIPE, Process, end, start
from appliance.pull.listing import script
from appliance.pull.listing.folders import Folders
from appliance.pull.listing.read import Cut, NotOffered, Reader
from appliance.pull.listing.request import request_for
from appliance.pull.listing.tree import Tree
from appliance.pull.pullfs import words
from appliance.pull.ssh_config import CLIENT
from appliance.record import BY_SFTP

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.listing.request import Request
    from appliance.pull.pullfs.conversation import Conversation

_CHUNK = 1 << 20
_SAY_SECONDS = 1.0
# ssh(1): "exits with the exit status of the remote command or with 255 if an error occurred".
_SSH_FAILED = 255
_LAST_WORD_SECONDS = 5
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(places.SCRATCH)}


class NotListedError(Exception):
    """The client's listing did not come, or not whole."""


class NotConnectedError(Exception):
    """The connection of the listing ended before the client said anything, by ssh's own account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The tree, and how it came: by which tool on the client, and whether it has extended attributes and ACLs."""

    tree: Tree
    tool: str
    lists_xattrs: bool

    def told(self) -> str:
        """What the controller has to know of it, as `words.read_ready` reads it."""
        if self.tool == BY_SFTP:
            return words.ready(len(self.tree), self.tool, ())
        shown = [TRUE_INODES]
        if self.tree.has_acls:
            shown.append(ACLS)
        if self.tree.has_other_xattrs:
            shown.append(XATTRS)
        return words.ready(len(self.tree), self.tool, shown, lists_xattrs=self.lists_xattrs)


def ask(plan: RunPlan, stderr: int) -> Process:
    """Start the listing on the client; `stderr` is for what ssh says."""
    process = run_there(stderr)
    # Whoever forces another command on this key does not read it.
    with suppress(BrokenPipeError):
        pipe_of(process.stdin).write(script.to_send(_request(plan).to_bytes()))
        pipe_of(process.stdin).close()
    return process


def run_there(stderr: int) -> Process:
    """Start what runs our program on the client; it waits for program and request. `stderr` is for what ssh says."""
    argv = ("ssh", "-F", str(places.SSH_CONFIG), "-T", CLIENT, script.COMMAND)
    return start(argv, ENVIRONMENT, stdin=PIPE, stdout=PIPE, stderr=stderr)


def listed(plan: RunPlan, process: Process, say: Callable[[str, object], None]) -> Listed | None:
    """Read the listing to its end; None where the client gives none.

    Raises NotListedError, NotConnectedError and Hostile.
    """
    tree = Tree()
    reader = Reader(_request(plan), tree)
    said = 0.0
    source = pipe_of(process.stdout).fileno()
    try:
        while chunk := os.read(source, _CHUNK):
            reader.feed(chunk)
            if time.monotonic() - said > _SAY_SECONDS:
                said = time.monotonic()
                say(words.LISTING, len(tree))
        reader.close()
    except NotOffered as error:
        # Before it is asked to end, which would be its code then.
        with suppress(TimeoutExpired):
            process.wait(_LAST_WORD_SECONDS)
        if process.returncode == _SSH_FAILED:
            raise NotConnectedError from error
        return None
    except Cut as error:
        raise NotListedError(f"the listing of the client broke off ({error})") from error
    finally:
        end(process, grace_seconds=1, ask_first=True)
    return Listed(tree=tree, tool=reader.tool, lists_xattrs=reader.attribute_tool != "none")


def listed_by_sftp(plan: RunPlan, client: Conversation, say: Callable[[str, object], None]) -> Listed:
    """Read the tree folder by folder, many at a time; raises LinkLostError and Hostile."""
    tree = Tree()
    folders = Folders(client.post, _request(plan), tree)
    folders.begin()
    said = 0.0
    while not folders.is_over:
        client.send()
        select.select([client.out], [client.into] if client.has_unsent else [], [])
        client.receive()
        if time.monotonic() - said > _SAY_SECONDS:
            said = time.monotonic()
            say(words.LISTING, len(tree))
    folders.finish()
    return Listed(tree=tree, tool=BY_SFTP, lists_xattrs=False)


def needed(plan: RunPlan) -> tuple[str, ...]:
    """Return what is listed in any case: in the chroot Borg finds the names of owners where the client has them."""
    return ("/etc/passwd", "/etc/group") if plan.names == "chroot" else ()


def _request(plan: RunPlan) -> Request:
    return request_for(plan.paths, plan.exclude, needed=needed(plan))


def pipe_of(pipe: IO[bytes] | None) -> IO[bytes]:
    """Return the pipe of a process that was started with one."""
    assert pipe is not None  # noqa: S101 - it was asked for at the start
    return pipe
