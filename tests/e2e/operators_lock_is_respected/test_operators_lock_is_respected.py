"""The promise: whoever works on the repository with plain Borg is never robbed of the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker, wait_for

if TYPE_CHECKING:
    from tests.e2e.harness.pulling import Pulling

_HOLD = 'borg with-lock "$BORG_REPO" sh -c "touch /tmp/held; until test -e /tmp/let-go; do sleep 0.2; done"'


@pytest.mark.parametrize("user", ["1000:1000", "0:0"], ids=("as-the-appliance", "as-root"))
def test_a_lock_of_the_operator_is_respected_and_not_broken(pulling: Pulling, user: str) -> None:
    appliance = pulling.appliance
    pulling.assert_next_run_is_good()
    holder = f"{appliance.name}-holder"
    passphrase = appliance.read("/config/secrets/web/passphrase").strip()
    docker(
        "run", "--detach", "--init", "--name", holder, "--label", appliance.lab.label, "--network", "none",
        "--user", user, "--env", "BORG_BASE_DIR=/tmp",
        "--env", "BORG_REPO=/repos/web", "--env", f"BORG_PASSPHRASE={passphrase}",
        "--volume", f"{appliance.volumes['repos']}:/repos",
        "borgpull-lab:trixie", "sh", "-c", _HOLD,
    )  # fmt: skip
    wait_for(
        lambda: docker("exec", holder, "test", "-e", "/tmp/held", check=False).returncode == 0,  # noqa: S108
        within=90,
        what="the operator holds the lock",
    )
    lock = appliance.shell("ls /repos/web/lock.exclusive").stdout

    seen = pulling.run()

    assert seen.returncode == 3, seen.stdout + seen.stderr
    run = appliance.last_run("web")
    assert (run["outcome"], run["reason"], run["archive"]) == ("failed", "lock", None)
    assert "Somebody else holds the repository's lock; it was respected and not broken." in run["message"]
    assert appliance.shell("ls /repos/web/lock.exclusive").stdout == lock
    docker("exec", holder, "touch", "/tmp/let-go")  # noqa: S108
    assert docker("wait", holder).stdout.strip() == "0"
    docker("rm", holder)
    pulling.assert_next_run_is_good()
