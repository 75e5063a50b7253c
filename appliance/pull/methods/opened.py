"""Opening a method: the client's files appear in this container; whatever happens, they are gone again at the end."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.pull import link, names
from appliance.pull.failure import Failure, stopped
from appliance.pull.methods.sshfs import ssh_config
from appliance.pull.source import Source, check_alive, mounted_filesystem
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.voice import Voice

_SSHFS_LAST_WORDS_BYTES = 4096


def connect(plan: RunPlan, voice: Voice) -> tuple[str, ...]:
    """Reach the client and fetch what the method needs of it as data; returns facts for the operator."""
    if plan.method != "sshfs":
        return ()
    # Fabric takes 0.4 s to import; here Borg opens the repository meanwhile, and a folder of the host never needs it.
    from appliance.pull import control  # noqa: PLC0415

    with control.connected(plan) as sftp:
        passwd = names.clean_passwd(control.read_small(sftp, "/etc/passwd") or "")
        group = names.clean_group(control.read_small(sftp, "/etc/group") or "")
    Path(places.FETCHED_PASSWD).write_text(passwd, "utf-8")
    Path(places.FETCHED_GROUP).write_text(group, "utf-8")
    Path(places.SSH_CONFIG).write_text(ssh_config(plan), "utf-8")
    if not passwd and plan.names == "client":
        voice.note("the client has no readable /etc/passwd: owners are numbers in this archive", "warning")
    users, groups = passwd.count("\n"), group.count("\n")
    return (f"SFTP works for {plan.user}@{plan.host}:{plan.port}", f"{users} users and {groups} groups named")


@contextmanager
def opened(plan: RunPlan, control_link: link.Link, sshfs_says: int) -> Iterator[Source]:
    """Make the source visible for as long as the block lasts, alive at its start."""
    if plan.method == "mount":
        yield _mounted_by_the_host(plan)
        return
    control_link.say(link.MOUNT)
    answer = _answer(control_link)
    if answer.word == link.MOUNT_FAILED:
        raise Failure(
            Reason.FUSE,
            f"This engine does not let the container mount FUSE ({answer.note}); "
            "`borgpull doctor` says what is missing.",
        )
    try:
        yield _alive_sshfs(sshfs_says)
    finally:
        control_link.say(link.UNMOUNT)
        while _answer(control_link).word not in (link.UNMOUNTED, ""):
            pass


def _alive_sshfs(sshfs_says: int) -> Source:
    root = Path(places.CLIENT_ROOT)
    source = Source(root=root, filesystem=mounted_filesystem(root))
    try:
        check_alive(source)
    except Failure as failure:
        os.set_blocking(sshfs_says, False)
        raise _explained(failure, sshfs_says) from failure
    return source


def _explained(failure: Failure, sshfs_says: int) -> Failure:
    """Say what sshfs itself complained about, where it did."""
    try:
        words = " ".join(os.read(sshfs_says, _SSHFS_LAST_WORDS_BYTES).decode("utf-8", "replace").split())
    except BlockingIOError:
        return failure
    return Failure(failure.reason, f"{failure.message} (sshfs says: {words})") if words else failure


def _mounted_by_the_host(plan: RunPlan) -> Source:
    root = Path(places.SOURCE)
    source = Source(root=root, filesystem=mounted_filesystem(root))
    try:
        check_alive(source)
        marked = not plan.marker or os.path.lexists(root / plan.marker.strip("/"))
    except OSError as error:
        raise Failure(Reason.CONNECTION_LOST, f"The folder does not answer ({error.strerror}).") from error
    if not marked:
        raise Failure(
            Reason.SOURCE_EMPTY,
            f"The marker {plan.marker} is not in the folder of {plan.client}: the share is not mounted on the host.",
        )
    return source


def _answer(control_link: link.Link) -> link.Word:
    """Wait for an answer; a stop that comes first ends the run."""
    said = control_link.hear()
    if said is None:
        return link.Word("")
    if said.word == link.STOP:
        raise stopped(said.note)
    return said
