"""`borgpull client borg`: what is refused before anything happens, and what is passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.cli.client_borg import for_a_terminal
from appliance.errors import ExitCode
from appliance.plan.events import Data, Result, write
from appliance.ports import ContainerSpec
from appliance.record import Outcome, Reason
from tests.cli_world import CliWorld
from tests.fakes import Script

if TYPE_CHECKING:
    from pathlib import Path

SOCAT = """
[clients.web1]
method = "socat"
host = "web1.lan"
paths = ["/"]

[clients.plain]
host = "plain.lan"
paths = ["/"]

[clients.media]
method = "mount"
folder = "/mnt/media"
"""


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    found = CliWorld(tmp_path, SOCAT)
    found.with_repository()
    for place in ("keys/web1/id_ed25519", "secrets/web1/passphrase", "known_hosts/web1"):
        file = found.config / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("web1 ssh-ed25519 AAAA\n")
    return found


PRINTED: tuple[dict[str, object], ...] = (
    {"out": "ä.txt\n".encode().decode("latin-1"), "so_far": 7},
    {"err": "careful\n", "so_far": 15},
    {"so_far": 15, "is_all": True},
)


def play(
    world: CliWorld,
    outcome: Outcome,
    reason: Reason | None = None,
    message: str = "",
    printed: tuple[dict[str, object], ...] = PRINTED,
) -> None:
    result = Result(outcome=outcome, reason=reason, message=message, warning_count=int(outcome is Outcome.WARNING))
    lines = (*(write(Data(value=value)) for value in printed), write(result))
    world.engine.play = lambda _spec: Script(lines=lines, exit_code=outcome.exit_code)


def test_what_borg_prints_is_passed_on_and_its_container_holds_the_clients_lock(world: CliWorld) -> None:
    play(world, Outcome.SUCCESS)

    shown = world.run("client", "borg", "web1", "--", "diff", "::a", "b")

    assert (shown.code, shown.out, shown.err) == (0, "ä.txt\n", "careful\n")
    (spec,) = world.engine.started
    assert spec.name == "borgpull-web1"
    assert world.engine.inspect(spec.name) is None
    assert list((world.state / "runs" / "web1").iterdir()) == []


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_output_of_which_a_part_is_lost_is_no_success(world: CliWorld, lost: int) -> None:
    play(world, Outcome.SUCCESS, printed=PRINTED[:lost] + PRINTED[lost + 1 :])

    shown = world.run("client", "borg", "web1", "--", "export-tar", "::a", "-")

    assert shown.code == ExitCode.ENGINE
    assert "a part of Borg's output was lost" in shown.err
    assert world.engine.inspect("borgpull-web1") is None
    assert list((world.state / "runs" / "web1").iterdir()) == []


def test_a_failure_before_borg_began_is_told_as_such(world: CliWorld) -> None:
    play(world, Outcome.FAILED, Reason.UNREACHABLE, "nobody answers.", printed=())

    shown = world.run("client", "borg", "web1", "--", "list")

    assert (shown.code, shown.err) == (ExitCode.FAILED, "borgpull: nobody answers.\n")


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.WARNING, ExitCode.WARNING), (Outcome.FAILED, ExitCode.FAILED)])
def test_the_exit_code_is_borgs(world: CliWorld, outcome: Outcome, code: ExitCode) -> None:
    play(world, outcome, Reason.LOCK if outcome is Outcome.FAILED else None, "it said so.")

    shown = world.run("client", "borg", "web1", "--", "list")

    assert shown.code == code
    assert "borgpull: it said so." in shown.err


def test_never_beside_another_run(world: CliWorld) -> None:
    world.engine.play = lambda _spec: Script(hangs=True)
    world.engine.start(ContainerSpec(name="borgpull-web1", command=(), labels={}, mounts=(), network="none"))

    shown = world.run("client", "borg", "web1", "--", "list")

    assert shown.code == ExitCode.ENGINE
    assert "web1 is busy" in shown.err
    assert world.engine.inspect("borgpull-web1") is not None


def test_what_can_do_harm_must_be_meant(world: CliWorld) -> None:
    play(world, Outcome.SUCCESS)

    refused = world.run("client", "borg", "web1", "--", "delete", "::a")
    forced = world.run("client", "borg", "web1", "--force", "--", "delete", "--force", "::a")

    assert refused.code == ExitCode.CONFIG
    assert "--force" in refused.err
    assert (forced.code, len(world.engine.started)) == (0, 1)


@pytest.mark.parametrize("client", ["plain", "media"])
def test_where_no_borg_runs_it_says_what_to_use(world: CliWorld, client: str) -> None:
    shown = world.run("client", "borg", client, "--", "list")

    assert shown.code == ExitCode.CONFIG
    assert f"borgpull archives {client}" in " ".join(shown.err.split())
    assert world.engine.started == []


def test_a_client_cannot_command_the_operators_terminal() -> None:
    assert for_a_terminal(b"caf\xc3\xa9\t1\r\n\x1b]0;title\x07\xff") == "café\t1\r\n?]0;title?\ufffd"
