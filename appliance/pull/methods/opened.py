"""Opening a method: the client's files appear in this container; whatever happens, they are gone again at the end."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.plan.run_plan import NEVER
from appliance.pull import clocks, link, names
from appliance.pull.failure import Failure, stopped
from appliance.pull.methods.listed import Listing, await_listing, say_what_was_fetched
from appliance.pull.methods.on_client import borg_on_the_client, clear_up
from appliance.pull.methods.reading import Mounted
from appliance.pull.methods.workplace import look_again, prepare
from appliance.pull.own_file_system import is_listed
from appliance.pull.source import Source, check_alive, mounted_filesystem
from appliance.pull.ssh_config import ssh_config
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.contact import Contact
    from appliance.pull.control import Control
    from appliance.pull.ends import Ends
    from appliance.pull.methods.reading import Reading
    from appliance.pull.methods.workplace import Workplace
    from appliance.pull.voice import Voice

_SSHFS_LAST_WORDS_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What is known of the client after the first contact: facts for the operator, and how to go on.

    `apart` is how far its clock is ahead of ours; None where nobody knows. `lacking` says what the archive will lack.
    """

    contact: Contact
    facts: tuple[str, ...] = ()
    workplace: Workplace | None = None
    apart: timedelta | None = None
    lacking: str = ""


def connect(plan: RunPlan, contact: Contact, voice: Voice) -> Met:
    """Reach the client and fetch what the method needs of it as data."""
    if plan.method == "mount":
        return Met(contact=contact)
    client = contact.control()
    if plan.method != "sshfs":
        workplace = prepare(client, plan)
        contact.at_the_end(lambda: clear_up(contact, workplace, voice))
        return Met(contact=contact, facts=workplace.facts, workplace=workplace, apart=workplace.apart)
    facts, lacking = _fetch_names(plan, client)
    apart = clocks.apart_by_sftp(client)
    Path(places.SSH_CONFIG).write_text(ssh_config(plan), "utf-8")
    if not (plan.before or plan.after):
        # The data has a connection of its own.
        contact.close()
    return Met(contact=contact, facts=facts, apart=apart, lacking=lacking)


def _fetch_names(plan: RunPlan, client: Control) -> tuple[tuple[str, ...], str]:
    passwd = names.clean_passwd(client.read_small("/etc/passwd") or "")
    group = names.clean_group(client.read_small("/etc/group") or "")
    Path(places.FETCHED_PASSWD).write_text(passwd, "utf-8")
    Path(places.FETCHED_GROUP).write_text(group, "utf-8")
    lacking = names.without_passwd(plan.client) if not passwd and plan.names == "client" else ""
    users, groups = passwd.count("\n"), group.count("\n")
    facts = (f"SFTP works for {plan.user}@{plan.host}:{plan.port}", f"{users} users and {groups} groups named")
    return facts, lacking


@contextmanager
def opened(plan: RunPlan, met: Met, ends: Ends, voice: Voice) -> Iterator[Reading]:
    """Make the source readable for as long as the block lasts, alive at its start."""
    if plan.method == "mount":
        yield Mounted(_mounted_by_the_host(plan))
        return
    if met.workplace is not None:
        # A hook may have mounted what is to be read.
        workplace = look_again(met.contact.control(), plan, met.workplace) if plan.before else met.workplace
        with borg_on_the_client(plan, met.contact, workplace, voice) as reading:
            yield reading
        return
    control_link = ends.control
    control_link.say(link.MOUNT)
    answer = _answer(control_link)
    if answer.word == link.MOUNT_FAILED:
        raise Failure(
            Reason.FUSE,
            f"This engine does not let the container mount FUSE ({answer.note}); "
            "`borgpull doctor` says what is missing.",
        )
    try:
        listing = await_listing(ends, voice) if is_listed(plan) else _not_listed(plan)
        for fact in listing.facts:
            voice.note(fact)
        source = _alive_sshfs(ends.sshfs)
        in_the_chroot = bool(listing.by) and plan.names == "chroot"
        lacking = names.lacking_in_the_chroot(plan.client, source.root) if in_the_chroot else ""
        yield Mounted(source, " ".join(sorted(listing.shown)), listing.by, lacking)
    finally:
        control_link.say(link.UNMOUNT)
        while _answer(control_link).word not in (link.UNMOUNTED, ""):
            pass
        if is_listed(plan):
            say_what_was_fetched(ends, voice)


def _not_listed(plan: RunPlan) -> Listing:
    """Say so where it is this machine that keeps the files from being listed."""
    if plan.listing == NEVER:
        return Listing()
    return Listing(facts=(f"Linux {os.uname().release} is too old to list the files: they come by sshfs",))


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
