"""The dialogue of `client add`: what is asked, what is written, and that leaving it leaves nothing."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING, Any

import pytest

from appliance.cli.key_lines import LISTING, NO_INTERNAL, READ_ONLY
from appliance.plan.events import Data, Result, write
from appliance.plan.offer import MountPoint, Offer
from appliance.plan.places import LABEL_OPERATION
from appliance.record import Operation, Outcome, Reason, RunRecord
from tests.cli_world import CliWorld, Shown
from tests.clients import GATEWAY
from tests.fakes import Script
from tests.house import archive, record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from appliance.ports import ContainerSpec

HOST_KEY = {"type": "ssh-ed25519", "key": "AAAAC3NzaC1lZDI1NTE5AAAAIOq2"}
OFFER = Offer(
    server="SSH-2.0-OpenSSH_10.0",
    sftp_trouble="",
    commands=False,
    system="Debian GNU/Linux 13 (trixie)",
    reads_all=True,
    home="/var/lib/borgpull-reader",
    mounts=(
        MountPoint(point="/", source="/dev/sda1", kind="ext4", size=40 << 30, used=12 << 30),
        MountPoint(point="/mnt/nas", source="nas:/vol", kind="nfs4"),
        MountPoint(point="/mnt/\x1b[31mred", source="x", kind="nfs4"),
    ),
)
# Where it is: a machine, its name, straight, port 22, as the reader. Then: the host key is right, the key is there.
WHERE = ("", "web9.lan", "", "", "")
LET_IN = ("y", "")
AS_PROPOSED = ("", "", "")


class Machine:
    """What the look at a machine finds: each look takes the next of `looks`."""

    def __init__(self, *looks: Offer | Result) -> None:
        self._looks = list(looks)

    def play(self, spec: ContainerSpec) -> Script:
        if spec.labels[LABEL_OPERATION] == "scan":
            return _said({**HOST_KEY})
        look = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        if isinstance(look, Offer):
            return _said(look.to_json())
        return Script(lines=(write(look),), exit_code=look.outcome.exit_code)


def _said(item: dict[str, Any]) -> Script:
    return Script(lines=(write(Data(value=item)), write(Result(outcome=Outcome.SUCCESS))))


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    world = CliWorld(tmp_path)
    world.is_terminal = True
    world.engine.play = Machine(OFFER).play
    return world


def ending(world: CliWorld, *records: RunRecord) -> list[Callable[[], object]]:
    """Let the supervisor do what is asked for, one run after the other."""

    def does(one: RunRecord) -> Callable[[], object]:
        def act() -> None:
            (request,) = world.journal.open_requests()
            world.journal.begin(replace(one, finished=None, outcome=None))
            world.journal.answer(request.request_id, run_id=one.run_id)
            world.journal.finish(one)

        return act

    return [does(one) for one in records]


def run_of(operation: Operation, run_id: str, outcome: Outcome = Outcome.SUCCESS) -> RunRecord:
    reason = None if outcome is Outcome.SUCCESS else Reason.UNREACHABLE
    return replace(record(outcome, reason, client="web9", run_id=run_id, operation=operation), message="It is so.")


def dialogue(world: CliWorld, *answers: str, options: tuple[str, ...] = ()) -> Shown:
    return world.run("client", "add", "web9", *options, typed="".join(f"{answer}\n" for answer in answers))


def table(world: CliWorld) -> dict[str, Any]:
    text = (world.config / "clients.d/web9.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["clients"]["web9"])


def test_the_dialogue_writes_what_was_decided_and_ends_with_the_first_backup(world: CliWorld) -> None:
    backup = replace(run_of(Operation.CREATE, "r2"), archive=archive())
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"), backup)

    shown = dialogue(world, *WHERE, *LET_IN, *AS_PROPOSED, "")

    assert shown.code == 0, shown.out + shown.err
    assert table(world) == {
        "host": "web9.lan",
        "user": "borgpull-reader",
        "method": "sshfs",
        "paths": ["/"],
        "exclude": ["/proc", "/sys", "/dev", "/run", "/mnt/nas", "sh:**/.cache"],
    }
    assert world.keys.pins["web9"] == (f"{HOST_KEY['type']} {HOST_KEY['key']}",)
    assert "Recommended: sshfs. SFTP works" in shown.out
    assert "passphrase known to the server\n" in shown.out
    assert "setcap cap_dac_read_search+ep" in shown.out
    assert "web9-2026" in shown.out or "success" in shown.out
    assert "\x1b[31m" not in shown.out


def test_the_file_says_why(world: CliWorld) -> None:
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"))

    assert dialogue(world, *WHERE, *LET_IN, *AS_PROPOSED, "n").code == 0

    text = (world.config / "clients.d/web9.toml").read_text(encoding="utf-8")
    assert "# Made on 2026-11-22 by `borgpull client add` after a look at web9.lan of Debian" in text
    (line,) = [line for line in text.splitlines() if line.startswith('    "/mnt/nas",')]
    assert line.endswith(" # nfs4 from nas:/vol: another machine's data, back it up there")
    assert "# SFTP works, so nothing has to be installed there" in text
    assert "# the whole machine" in text


@pytest.mark.parametrize("count", range(len((*WHERE, *LET_IN, *AS_PROPOSED))))
def test_whoever_leaves_it_at_any_question_leaves_nothing(world: CliWorld, count: int) -> None:
    shown = dialogue(world, *(*WHERE, *LET_IN, *AS_PROPOSED)[:count])

    assert shown.code == 130
    assert "Nothing of web9 was kept here" in shown.err
    assert (world.keys.pairs, world.keys.pins, world.keys.restoring) == ({}, {}, {})
    assert not [path for folder in (world.config, world.state, world.repositories) for path in folder.rglob("*web9*")]
    assert not [state for state in world.engine.ours("the-appliance") if state.running]


def test_a_no_to_the_host_key_ends_it(world: CliWorld) -> None:
    assert dialogue(world, *WHERE, "n").code == 130
    assert not world.keys.pins


def test_keys_that_were_there_before_stay(world: CliWorld) -> None:
    world.keys.create("web9")

    assert dialogue(world, *WHERE).code == 130
    assert "web9" in world.keys.pairs


def test_a_wrong_answer_is_told_and_asked_again(world: CliWorld) -> None:
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"))
    answers = ("machine", "not a host", "web9.lan", "dial-in", "direct", "0", "2222", "no user", "ann")

    shown = dialogue(world, *answers, *LET_IN, *AS_PROPOSED, "n")

    assert shown.code == 0, shown.out
    assert (table(world)["port"], table(world)["user"]) == (2222, "ann")
    assert '"dial-in" needs the gateway' in shown.out


def test_a_look_that_fails_says_why_and_is_tried_again(world: CliWorld) -> None:
    refused = Result(outcome=Outcome.FAILED, reason=Reason.AUTH, message="web9.lan:22 does not let this key in.")
    world.engine.play = Machine(refused, OFFER).play
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"))

    shown = dialogue(world, *WHERE, *LET_IN, "", *AS_PROPOSED, "n")

    assert shown.code == 0, shown.out + shown.err
    assert "web9.lan:22 does not let this key in." in shown.out


def test_a_reader_who_cannot_read_everything_gets_the_recipe_by_sudo(world: CliWorld) -> None:
    world.engine.play = Machine(replace(OFFER, reads_all=False), OFFER).play
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"))

    shown = dialogue(world, *WHERE, *LET_IN, "sudo", "", *AS_PROPOSED, "n")

    assert shown.code == 0, shown.out + shown.err
    assert "cannot read the files of root" in shown.out
    assert "NOPASSWD: $server -R" in shown.out


def test_another_method_and_other_paths_can_be_chosen(world: CliWorld) -> None:
    offer = replace(OFFER, commands=True, borg="borg 1.4.0", tools=frozenset({"borg", "socat", "ssh"}))
    world.engine.play = Machine(offer).play
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"))
    what = ("n", "relative/x", "/srv '/my films", "/srv '/my films'", "sh:**/*.iso", "sh:**/.cache")

    shown = dialogue(world, *WHERE, *LET_IN, "socat", *what, "", "", "n")

    assert shown.code == 0, shown.out + shown.err
    assert (table(world)["method"], table(world)["paths"]) == ("socat", ["/srv", "/my films"])
    assert table(world)["exclude"] == ["sh:**/*.iso"]
    assert "restrict,port-forwarding" in shown.out


def test_a_probe_that_fails_leaves_the_client_and_the_exit_code_says_so(world: CliWorld) -> None:
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1", Outcome.FAILED))

    shown = dialogue(world, *WHERE, *LET_IN, *AS_PROPOSED, "later")

    assert shown.code == 3
    assert "web9 is configured, and cannot be backed up as it stands" in shown.out
    assert table(world)["host"] == "web9.lan"


def test_what_the_command_line_says_is_not_asked(world: CliWorld) -> None:
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"))
    options = (
        "--guided",
        "--host",
        "web9.lan",
        "--user",
        "root",
        "--reach",
        "direct",
        "--port",
        "22",
        "--path",
        "/srv",
    )

    shown = dialogue(world, *LET_IN, "", "", "n", options=options)

    assert shown.code == 0, shown.out + shown.err
    assert (table(world)["user"], table(world)["paths"]) == ("root", ["/srv"])
    assert f"{quote(LISTING)[:-1]} ssh-ed25519" in shown.out


def test_a_folder_of_this_host_needs_no_look(world: CliWorld) -> None:
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"))

    shown = dialogue(world, "folder", "/mnt/photos", "/.mounted", "", "n")

    assert shown.code == 0, shown.out + shown.err
    assert table(world) == {"method": "mount", "folder": "/mnt/photos", "marker": "/.mounted"}


def test_through_another_machine_its_line_comes_first(world: CliWorld) -> None:
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"))

    shown = dialogue(world, "", "web9.lan", "jump", "john@inter.lan", "", "", "", "y", "y", "", *AS_PROPOSED, "n")

    assert shown.code == 0, shown.out + shown.err
    assert (table(world)["reach"], table(world)["jump"]) == ("jump", ["john@inter.lan"])
    assert shown.out.index("On inter.lan, as john") < shown.out.index("shows these host keys")


def test_what_the_defaults_say_is_proposed_and_their_paths_are_left_to_them(world: CliWorld) -> None:
    world.configure('[defaults]\nuser = "keeper"\nport = 2222\npaths = ["/srv"]\nexclude = ["*.iso"]\n')
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"))

    shown = dialogue(world, *WHERE, *LET_IN, "", "", "n")

    assert shown.code == 0, shown.out + shown.err
    assert table(world) == {"host": "web9.lan", "user": "keeper", "method": "sshfs"}


def test_scripts_are_never_asked(world: CliWorld) -> None:
    world.is_terminal = False

    assert "Missing argument 'NAME'" in world.run("client", "add").err
    assert "--guided asks questions" in dialogue(world, options=("--guided",)).err
    assert dialogue(world, options=("--host", "web9.lan")).code == 0


def test_an_address_on_the_command_line_asks_nothing_at_a_terminal_either(world: CliWorld) -> None:
    assert dialogue(world, options=("--host", "web9.lan")).code == 0
    assert table(world)["host"] == "web9.lan"


def test_a_client_that_is_there_already_is_never_replaced(world: CliWorld) -> None:
    shown = world.run("client", "add", "web1")

    assert (shown.code, "is there already" in shown.err) == (2, True)


def test_without_a_supervisor_it_does_not_begin(world: CliWorld) -> None:
    world.journal.set_fact("heartbeat", "")

    assert dialogue(world).code == 8


def test_a_look_is_for_programs_too(world: CliWorld) -> None:
    folder = world.config / "known_hosts"
    folder.mkdir()
    assert "borgpull client trust web1" in world.run("client", "look", "web1").err
    (folder / "web1").write_text("web1 ssh-ed25519 AAAA\n", encoding="utf-8")

    told = world.run("client", "look", "web1", "--json").data

    assert (told["recommended"], told["paths"]) == ("sshfs", ["/"])
    assert {"pattern": "/mnt/nas", "reason": told["exclude"][4]["reason"]} in told["exclude"]
    assert "Debian GNU/Linux 13" in world.run("client", "look", "web1").out
    assert world.run("client", "look", "media").code == 2


def test_without_sftp_behind_the_line_of_the_listing_the_lines_are_shown_that_need_less(world: CliWorld) -> None:
    (world.config / "borgpull.toml").write_text('[defaults]\nlisting = "auto"\n', encoding="utf-8")
    nothing = replace(OFFER, sftp_trouble="web9.lan lets user root in, but offers no SFTP.", server="SSH-2.0-dropbear")
    world.engine.play = Machine(nothing, OFFER).play
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"))

    shown = dialogue(world, *WHERE[:-1], "root", *LET_IN, "", *AS_PROPOSED, "n")

    assert shown.code == 0, shown.out + shown.err
    first, _, second = shown.out.partition("and no SFTP comes of it")
    assert f"{quote(LISTING)[:-1]} ssh-ed25519" in first
    assert f"\n  {READ_ONLY} ssh-ed25519" in second
    assert f"\n  {NO_INTERNAL} ssh-ed25519" in second
    assert "without hard links" in second


def test_a_key_that_reads_by_sftp_alone_gets_the_line_for_dropbear(world: CliWorld) -> None:
    (world.config / "borgpull.toml").write_text('[defaults]\nlisting = "never"\n', encoding="utf-8")
    nothing = replace(OFFER, sftp_trouble="web9.lan lets user root in, but offers no SFTP.", server="SSH-2.0-dropbear")
    world.engine.play = Machine(nothing, OFFER).play
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"))

    shown = dialogue(world, *WHERE[:-1], "root", *LET_IN, "", *AS_PROPOSED, "n")

    assert shown.code == 0, shown.out + shown.err
    assert "The key can read files by SFTP and do nothing else" in shown.out
    assert f"\n  {NO_INTERNAL} ssh-ed25519" in shown.out
    assert READ_ONLY not in shown.out.partition("and no SFTP comes of it")[2]


def test_a_machine_without_any_way_is_looked_at_again(world: CliWorld) -> None:
    nothing = replace(OFFER, sftp_trouble="no SFTP", commands=True, borg_trouble="there is no Borg on it")
    world.engine.play = Machine(nothing, OFFER).play
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"))

    shown = dialogue(world, *WHERE, *LET_IN, "", *AS_PROPOSED, "n")

    assert shown.code == 0, shown.out + shown.err
    assert "No method: neither SFTP nor a Borg that will do" in shown.out


def test_the_other_methods_are_asked_for_what_they_need(world: CliWorld) -> None:
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"))

    shown = dialogue(world, *WHERE, *LET_IN, "ssh-agent", "nas", "nas.lan:2222", "", "", "", "n")

    assert shown.code == 0, shown.out + shown.err
    assert (table(world)["method"], table(world)["callback"]) == ("ssh-agent", "nas.lan:2222")
    assert "restrict,agent-forwarding" in shown.out


def test_who_dials_in_is_told_how_to_open_its_tunnel(world: CliWorld) -> None:
    world.configure(GATEWAY)

    shown = dialogue(world, "", "localhost", "dial-in", "", "", "")

    assert shown.code == 0, shown.out + shown.err
    assert table(world)["reach"] == "dial-in"
    assert "borgpull client look web9" in shown.out
    assert "nas.lan" in shown.out


def test_a_client_that_was_here_before_may_have_another_host_key_after_a_look_at_both(world: CliWorld) -> None:
    world.keys.pin("web9", ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOld",))
    world.meanwhile = ending(world, run_of(Operation.PROBE, "r1"))

    shown = dialogue(world, *WHERE, *LET_IN, *AS_PROPOSED, "n")

    assert shown.code == 0, shown.out + shown.err
    assert "has CHANGED" in shown.out
    assert world.keys.pins["web9"] == (f"{HOST_KEY['type']} {HOST_KEY['key']}",)
