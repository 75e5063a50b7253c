"""The promise: files that move while they are read are named in a warning; the archive counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.troubled import assert_told

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.troubled import TroubledClient

# Long enough to read that it changes in that time.
_RESTLESS = "head -c 60000000 /dev/zero > /share/log; echo 1 > /share/quiet; chmod 0644 /share/*"
_CHANGE = 'exec timeout 300 python3 -c \'while open("/share/log", "ab").write(b"x"): pass\''


def test_a_file_that_vanishes_while_its_folder_is_read_is_named(troubled: TroubledClient) -> None:
    run = troubled.pull_slowly()
    last = troubled.machine.exec("ls", "-U", "/srv/many").stdout.split()[-1]

    troubled.machine.exec("rm", f"/srv/many/{last}")
    troubled.proxy.tell("calm")
    ended = run.result(timeout=120)

    words = ("changed or vanished", f"srv/many/{last}")
    assert_told(troubled.appliance, troubled.name, ended, "changed", *words, outcome="warning", code=1)
    assert_nothing_is_left(troubled.appliance, troubled.name, troubled.machine)
    troubled.archives.append(troubled.appliance.last_run(troubled.name)["archive"]["name"])
    troubled.renew()
    troubled.recovers()


def test_a_file_that_is_written_while_it_is_read_is_named(impatient_appliance: ApplianceUnderTest) -> None:
    lab = impatient_appliance.lab
    share = lab.volume(lab.name("share"))
    writer = lab.name("writer")
    given = ("--name", writer, "--label", lab.label, "--network", "none", "--volume", f"{share}:/share")
    docker(
        "run", "--detach", "--init", *given, "borgpull-lab:trixie", "sh", "-euc", f"{_RESTLESS}; {_CHANGE}"
    )  # fmt: skip
    impatient_appliance.borgpull("client", "add", "restless", "--volume", share)
    docker("exec", writer, "sh", "-c", "until [ -e /share/quiet ]; do :; done")

    run = impatient_appliance.run("restless")
    docker("rm", "--force", writer)

    words = ("1 file changed", "log")
    assert_told(impatient_appliance, "restless", run, "changed", *words, outcome="warning", code=1)
    assert_nothing_is_left(impatient_appliance, "restless")
    run = impatient_appliance.run("restless")
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(impatient_appliance.archives("restless")) == 2
