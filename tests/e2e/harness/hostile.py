"""A client machine whose Borg does evil when it is told to make an archive: it has what the real one has, and no more.

That is the repository's address, BORG_RSH with the way to it, and the passphrase, which comes through a descriptor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.on_client import assert_client_is_clean

if TYPE_CHECKING:
    from typing import Any

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.engine import Completed
    from tests.e2e.harness.machine import Machine

_BORG = "/usr/local/bin/borg"
# Found before the real one; it lets everything pass but `create`.
_WRAPPER = """#!/bin/sh
case " $* " in
*" create "*)
    export BORG_PASSPHRASE="$(cat <&9)" BORG_NEW_PASSPHRASE=evil BORG_DISPLAY_PASSPHRASE=no
    unset BORG_PASSPHRASE_FD
    REPO=ssh://borgpull/.borgpull/repository
    borg() { /usr/bin/borg "$@"; }
    %s
    ;;
esac
exec /usr/bin/borg "$@"
"""


class HostileClient:
    """A client of method socat with one good archive, on a machine that somebody has taken over."""

    def __init__(self, appliance: ApplianceUnderTest, machine: Machine, name: str, *options: str) -> None:
        self.appliance, self.machine, self.name = appliance, machine, name
        self.be_honest()
        machine.exec("sh", "-c", f"mkdir -p /srv/{name}; head -c 200000 /dev/urandom >/srv/{name}/file")
        appliance.add_client(name, machine, "--path", f"/srv/{name}", "--method", "socat", *options)
        self.good_run()

    def good_run(self) -> str:
        """Make an archive that counts, and return its name."""
        done = self.appliance.run(self.name)
        assert done.returncode == 0, done.stdout + done.stderr
        self.assert_clean()
        return str(self.last()["archive"]["name"])

    def be_evil(self, script: str) -> None:
        """From now on, do this in place of an archive; what follows an `exec` or `exit` is not done."""
        self.machine.exec("sh", "-c", f"cat >{_BORG}; chmod 755 {_BORG}", stdin=_WRAPPER % script)

    def be_honest(self) -> None:
        """Use the real Borg again."""
        self.machine.exec("rm", "-f", _BORG)

    def run_evil(self, script: str) -> Completed:
        """Run once with that script, and be honest again."""
        self.be_evil(script)
        try:
            return self.appliance.run(self.name)
        finally:
            self.be_honest()

    def last(self) -> dict[str, Any]:
        """Return the newest run."""
        return self.appliance.last_run(self.name)

    def assert_failed(self, done: Completed, reason: str, *words: str) -> None:
        """Fail unless the run failed for that reason, with these words, and left nothing behind."""
        run = self.last()
        assert done.returncode == 3, done.stdout + done.stderr
        assert (run["outcome"], run["reason"], run["archive"]) == ("failed", reason, None), run
        assert [word for word in words if word not in run["message"]] == [], run
        self.assert_clean()

    def assert_clean(self) -> None:
        """Fail unless nothing of the run is left on either side."""
        assert_nothing_is_left(self.appliance, self.name, self.machine)
        assert_client_is_clean(self.machine)
