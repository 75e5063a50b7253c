"""Somebody with rights on the server works on a repository with a Borg of his own, past Borgpull."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.engine import Completed

_BORG = (
    'export BORG_BASE_DIR=/tmp/by-hand BORG_PASSPHRASE="$(cat /config/secrets/{client}/passphrase)" '
    "BORG_CHECK_I_KNOW_WHAT_I_AM_DOING=YES "
    "BORG_RELOCATED_REPO_ACCESS_IS_OK=yes BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes BORG_REPO=/repos/{client}; "
    "cd /tmp; borg {words}"
)


def borg_by_hand(appliance: ApplianceUnderTest, client: str, words: str) -> Completed:
    """Run one command of Borg as root on the repository itself; `::ARCHIVE` names an archive."""
    return appliance.shell(_BORG.format(client=client, words=words))
