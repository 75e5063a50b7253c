"""Ways `chroot` and `numeric`: from the archive onto the client by SFTP, with Borg here and nothing run there.

They give what Borg's page gets from an sshfs mount, without the mount: through it, Borg's change of a link's owner
becomes one of the file that the link points to (docs/decisions/0012). Owners' names are mapped by the client's own
passwd and group as in the page's chroot; they are fetched as data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.pull import names
from appliance.pull.failure import Failure
from appliance.pull.restores import target as targets
from appliance.pull.restores.export import Export
from appliance.pull.restores.members import Owners, owners_by_name
from appliance.pull.restores.preview import Preview
from appliance.pull.restores.restored import Restored
from appliance.pull.restores.restoring import Restoring
from appliance.pull.sftp.opened import sftp
from appliance.record import Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.contact import Contact
    from appliance.pull.ends import Ends
    from appliance.pull.voice import Voice

_ROOT = 0
_NO_NAMES = (
    "{0} has no readable /etc/passwd, so nobody knows which number a name has there. `--way numeric` restores the "
    "archive's own numbers."
)


def restore_chroot(plan: RunPlan, contact: Contact, ends: Ends, voice: Voice) -> Restored:
    """Restore with owners by name, as the client's own passwd and group number them now; raises Failure."""
    passwd, group = _names(contact)
    if not passwd:
        raise Failure(Reason.TARGET, _NO_NAMES.format(plan.host))
    return _restore(plan, contact, ends, voice, owners_by_name(passwd, group))


def restore_numeric(plan: RunPlan, contact: Contact, ends: Ends, voice: Voice) -> Restored:
    """Restore with the archive's own numbers of owners; raises Failure."""
    return _restore(plan, contact, ends, voice, Owners())


def _restore(plan: RunPlan, contact: Contact, ends: Ends, voice: Voice, owners: Owners) -> Restored:
    order = plan.restore
    assert order is not None  # noqa: S101 - there is no restore without
    # What follows has a connection of its own. This one tells a machine that is off from one that shuts us out.
    contact.control()
    me = _ROOT if plan.user == "root" else owners_by_name(*_names(contact)).users.get(plan.user)
    contact.close()
    voice.step("open")
    with sftp(plan, ends) as session:
        target = targets.prepare(session, order, plan.machine, me)
        if order.preview:
            Preview(session, target, voice).tell(plan, order)
            return Restored()
        voice.step("restore")
        export = Export(plan, session, order.archive, order.paths)
        try:
            report = Restoring(plan, order, session, target, owners, voice).until_the_end(export)
        finally:
            voice.step("close")
            targets.give_back(session, target)
    return Restored(
        files=report.files,
        size=report.size,
        warnings=report.warnings(),
        warning_count=report.warning_count,
        code=export.code,
    )


def _names(contact: Contact) -> tuple[str, str]:
    client = contact.control()
    return (
        names.clean_passwd(client.read_small("/etc/passwd") or ""),
        names.clean_group(client.read_small("/etc/group") or ""),
    )
