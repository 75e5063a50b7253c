"""The promise: who types the tutorial's blocks, as they stand, has backups of three machines and a lost file back."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker
from tests.e2e.harness.machine import Machine
from tests.e2e.harness.ports import free_port
from tests.e2e.harness.terminal import Terminal
from tests.e2e.harness.told_page import Told, blocks, differs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
# Commands of which the page itself says that they end with another exit code than 0.
WARNS = {"borgpull doctor": 1}
PASTED = r"On {name}\.lan, [^:]*:\n\n((?:  [^\n]*\n)+)"
# What an operator's own setting adds to the first configuration, so that this appliance is not the only one here.
OWN = '\n[appliance]\nname = "{name}"\nnetwork = "{network}"\nfree_space = "600M"\n'
LABELS = """\
services: {{supervisor: {{labels: {label}}}}}
volumes:
  state: {{labels: {label}}}
  repos: {{labels: {label}}}
networks:
  default: {{labels: {label}}}
"""


class Reader:
    """Somebody who sits before this server, and before two machines that the page names."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._folder = folder
        self._photos = folder / "mnt-photos"
        self.project = lab.name("reader")
        self._machines = {
            name: Machine(lab, "trixie", options=("--network-alias", f"{name}.lan")) for name in ("web1", "db1")
        }
        self._clone(lab)
        own = {"COMPOSE_PROJECT_NAME": self.project, "BORGPULL_IMAGE": lab.image, "PORT": str(free_port())}
        self.terminal = Terminal(folder, own)
        self.seen: list[str] = []

    def _clone(self, lab: Lab) -> None:
        """Take of the repository what somebody has who has built the image; the reader's photos lie beside it."""
        self._photos.mkdir()
        (self._photos / "beach.jpg").write_bytes(os.urandom(300_000))
        (self._folder / "scripts").mkdir()
        (self._folder / "compose.yaml").write_bytes((ROOT / "compose.yaml").read_bytes())
        label, _, session = lab.label.partition("=")
        (self._folder / "compose.override.yaml").write_text(LABELS.format(label=f'{{{label}: "{session}"}}'))
        first = (ROOT / "scripts/first-borgpull.toml").read_text(encoding="utf-8")
        own = OWN.format(name=self.project, network=lab.network)
        (self._folder / "scripts/first-borgpull.toml").write_text(first + own)

    def carry_out(self, block: Told) -> None:
        """Type a block where it says, and compare what is then seen with what the page says."""
        if block.where == "on this server":
            seen = self._type(block)
        else:
            script = "\n".join(block.lines)
            seen = self._machines[block.where.removeprefix("on ")].exec("sh", "-euc", script).stdout.splitlines()
        self.seen += [f"$ {line}" for line in block.lines] + seen
        if block.seen is not None:
            assert differs(block.seen, seen) == "", "\n".join(self.seen)
        self._paste(seen)

    def _type(self, block: Told) -> list[str]:
        seen: list[str] = []
        for line in block.lines:
            code, more = self.terminal.type(line.replace("/mnt/photos", str(self._photos)), block.answers())
            said = [one.replace(str(self._photos), "/mnt/photos").replace(self.project, "borgpull") for one in more]
            assert code == WARNS.get(line, 0), "\n".join([line, *said])
            seen += said
        return seen

    def _paste(self, seen: list[str]) -> None:
        """Do on the machine what the output says to paste there."""
        for name, machine in self._machines.items():
            found = re.search(PASTED.format(name=name), "\n".join(seen), re.DOTALL)
            if found:
                machine.exec("sh", "-euc", found[1])


@pytest.fixture
def reader(lab: Lab, tmp_path: Path) -> Iterator[Reader]:
    found = Reader(lab, tmp_path)
    yield found
    with found.terminal:
        # What lies there belongs to the appliance's own user, or to root.
        docker(
            "run", "--rm", "--label", lab.label, "--volume", f"{tmp_path}:/left", "--entrypoint", "sh", lab.image, "-c",
            "rm -rf /left/config /left/restored",
        )  # fmt: skip
        found.terminal.type("docker compose down --volumes")
    lab.sweep(f"{found.project}-")


@pytest.mark.timeout(1800)  # three machines, one after the other; beside other tests each takes minutes
def test_the_first_quarter_of_an_hour_ends_with_backups_and_a_restored_file(reader: Reader) -> None:
    told = blocks(PAGE)
    assert len(told) == PAGE.count("```sh\n"), "a block does not say where it is typed"

    for block in told:
        reader.carry_out(block)

    seen = "\n".join(reader.seen)
    (own,) = re.findall(r"^256 (SHA256:\S+) ", seen, re.MULTILINE)
    assert own in re.findall(r"^  ssh-ed25519 +(SHA256:\S+)$", seen, re.MULTILINE)
