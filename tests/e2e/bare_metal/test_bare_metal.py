"""A whole machine is wiped and brought back by the recipe in the docs, block by block; then its own services start."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker, names_of, wait_for
from tests.e2e.harness.lease import open_lease
from tests.e2e.harness.machine import Machine
from tests.lab.compare import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.lab import Lab

RECIPE = Path("docs/how-to/bare-metal.md").read_text(encoding="utf-8")
EXCLUDED = ("/proc", "/sys", "/dev", "/run", "/tmp")  # noqa: S108 - as an operator leaves it out
# A service of the machine's own beside sshd, started by a file that only the archive has.
WEB = """
mkdir -p /srv/web; echo 'the shop is open' > /srv/web/index.html
sed -i 's,^exec ,python3 -m http.server 8080 -d /srv/web >/dev/null 2>\\&1 \\&\\nexec ,' /usr/local/bin/start
"""
HOST_KEYS = "cat /etc/ssh/ssh_host_*_key.pub"
# What the engine itself puts into every container.
OF_THE_ENGINE = ("hosts", "hostname", "resolv.conf", "mtab")


def blocks() -> list[tuple[str, list[str]]]:
    """Return the recipe's blocks in order: where each is run, and its lines."""
    found = re.findall(r"```sh\n# ([^\n]+)\n(.*?)```", RECIPE, re.DOTALL)
    return [(where, text.strip().splitlines()) for where, text in found]


def on_this_server(appliance: ApplianceUnderTest, line: str, address: str) -> None:
    """Run one line of the recipe as its reader does, with the lab's own address and without a question."""
    words = shlex.split(re.sub(r'"(?:rescue|web1)\.lan"', f'"{address}"', line))
    if words[0] == "borgpull":
        more = ("--yes",) if "trust" in words else ()
        appliance.borgpull(*words[1:], *more)
    else:
        assert words[:5] == ["docker", "compose", "exec", "-T", "supervisor"], line
        docker("exec", appliance.supervisor, *words[5:])


@pytest.fixture
def disk(lab: Lab) -> Iterator[str]:
    """Make a new disk; afterwards whoever has it, and what was started from it, is gone too."""
    name = lab.volume(lab.name("disk"))
    yield name
    found = [*names_of("container", f"volume={name}"), *names_of("container", f"ancestor={name}:root")]
    docker("container", "rm", "--force", "--volumes", *found)
    docker("volume", "rm", "--force", name)
    docker("image", "rm", "--force", f"{name}:root", check=False)


def booted(lab: Lab, disk: str) -> Machine:
    """Start a machine whose root is what lies on that disk, and nothing else."""
    packing = ("docker", "run", "--rm", "--label", lab.label, "--volume", f"{disk}:/disk:ro", "borgpull-lab:trixie")
    with subprocess.Popen((*packing, "tar", "-C", "/disk", "-cf", "-", "."), stdout=subprocess.PIPE) as tar:
        subprocess.run(("docker", "import", "-", f"{disk}:root"), stdin=tar.stdout, check=True, capture_output=True)
    assert tar.returncode == 0
    environment = ("--env", "AUTHORIZED_KEYS=/root/.ssh/authorized_keys", "--env", "PYTHONPATH=/lab")
    return Machine(lab, "trixie", image=f"{disk}:root", tree="none", options=environment)


def test_a_wiped_machine_comes_back_by_the_recipe_and_its_services_start(
    lab: Lab, appliance: ApplianceUnderTest, disk: str
) -> None:
    machine = Machine(lab, "trixie")
    machine.exec("sh", "-euc", WEB)
    excludes = [word for path in EXCLUDED for word in ("--exclude", path)]
    appliance.add_client("web1", machine, "--method", "socat", "--path", "/", *excludes)
    assert appliance.run("web1").returncode == 0
    tree, etc, keys = machine.manifest(), machine.manifest("/etc"), machine.exec("sh", "-c", HOST_KEYS).stdout
    docker("rm", "--force", "--volumes", machine.host)

    rescue = Machine(lab, "trixie", tree="none", options=("--volume", f"{disk}:/mnt/target"))
    told = blocks()
    assert [where.partition(":")[0] for where, _ in told] == [
        "by hand", "on this server", "paste what it prints", "on this server", "on the rescue system", "by hand",
        "on this server",
    ]  # fmt: skip
    for where, lines in told[1:6]:
        if where == "on this server":
            for line in lines:
                on_this_server(appliance, line, rescue.host)
        elif where == "paste what it prints":
            assert lines == ["borgpull client setup web1 --restore"]
            open_lease(appliance, "web1", rescue)
        elif where == "on the rescue system":
            rescue.exec("sh", "-euc", "\n".join(lines))
    assert appliance.last_run("web1")["outcome"] == "success", appliance.last_run("web1")

    assert differences(tree, rescue.manifest("/mnt/target/srv/tree"), ignore=frozenset({"sparse"})) == []
    lost = differences(etc, rescue.manifest("/mnt/target/etc"))
    assert [line for line in lost if not line.startswith((*OF_THE_ENGINE, ".: "))] == []

    back = booted(lab, disk)
    for line in told[6][1]:
        on_this_server(appliance, line, back.host)

    assert back.exec("sh", "-c", HOST_KEYS).stdout == keys
    wait_for(
        lambda: "the shop is open" in back.exec("sh", "-c", ASK, check=False).stdout, within=30, what="its web answers"
    )
    # A prune by schedule may have begun behind it.
    last = next(run for run in appliance.json("history", "web1") if run["operation"] == "create")
    assert last["outcome"] == "success", last
    assert last["archive"]["deduplicated_size"] < last["archive"]["original_size"] / 10


ASK = "python3 -c 'import urllib.request as ask; print(ask.urlopen(\"http://127.0.0.1:8080/\").read().decode())'"
