from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.config.load import fingerprint, load
from appliance.edges.sqlite_journal import SqliteJournal
from appliance.plan.known_clients import IN_FORCE, KNOWN_CLIENTS, NOTHING, to_json
from appliance.record import LedgerEntry, Operation, Outcome, Progress, Reason
from appliance.supervisor.configuration import Configuration
from tests.cli_world import TWO_CLIENTS, CliWorld
from tests.fakes import FixedClock
from tests.house import NOON, archive, record, repository

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path)


def made_an_archive(world: CliWorld) -> None:
    run = replace(record(), archive=archive(), repository=repository())
    world.journal.finish(run, [LedgerEntry(client="web1", archive=archive(), run_id=run.run_id)])
    world.clock.advance(timedelta(hours=2))
    world.beat()


def test_json_has_every_promised_key_for_every_client(world: CliWorld) -> None:
    made_an_archive(world)
    world.journal.set_fact("next_runs", json.dumps({"web1": "2026-11-23T00:00:00+00:00"}))

    media, web1 = world.run("status", "--json").data

    assert web1 == {
        "client": "web1",
        "method": "sshfs",
        "names": "client",
        "reach": "direct",
        "state": "ok",
        "last_success": "2026-11-22T12:10:00+00:00",
        "last_outcome": "success",
        "last_reason": None,
        "next_run": "2026-11-23T00:00:00+00:00",
        "archives": 1,
        "repository_bytes": 10,
        "listed_by": None,
        "consecutive_failures": 0,
        "message": "",
        "tunnel": None,
        "progress": None,
        "upkeep": None,
        "last_upkeep": {},
    }
    assert media.keys() == web1.keys()
    assert (media["state"], media["last_success"], media["archives"]) == ("never", None, 0)


def test_a_client_asked_for_alone_tells_what_listed_its_files(world: CliWorld) -> None:
    world.journal.finish(replace(record(), archive=archive(), listed_by="SFTP"))

    alone, all_of_them = world.run("status", "web1").out, world.run("status").out

    assert "web1: files listed by SFTP, without hard links" in alone
    assert "listed by" not in all_of_them
    assert world.run("status", "web1", "--json").data[0]["listed_by"] == "SFTP"


def test_upkeep_says_nothing_of_the_state_of_backups_and_is_told_apart(world: CliWorld) -> None:
    made_an_archive(world)
    failed = record(Outcome.FAILED, Reason.LOCK, operation=Operation.PRUNE, run_id="prune", started=NOON)
    world.journal.finish(replace(failed, message="Somebody holds the lock."))
    world.journal.begin(record(None, operation=Operation.PRUNE, run_id="again", started=NOON + timedelta(hours=1)))

    web1 = world.run("status", "web1", "--json").data[0]
    page = world.run("status").out

    assert (web1["state"], web1["last_outcome"], web1["message"]) == ("ok", "success", "")
    assert web1["upkeep"] == "prune"
    assert web1["last_upkeep"] == {
        "prune": {"finished": "2026-11-22T12:10:00+00:00", "outcome": "failed", "reason": "lock"}
    }
    assert "ok (prune runs)" in page
    assert "web1: last prune 1 h 50 min ago, failed (lock): Somebody holds the lock." in page


def test_no_next_run_is_promised_from_the_moment_of_a_pause(world: CliWorld) -> None:
    world.journal.set_fact("next_runs", json.dumps({"web1": "2026-11-23T00:00:00+00:00"}))

    world.run("pause")

    assert [client["next_run"] for client in world.run("status", "--json").data] == [None, None]


def test_the_table_names_every_client_with_its_state(world: CliWorld) -> None:
    made_an_archive(world)

    shown = world.run("status")

    assert shown.code == 0
    line = next(line for line in shown.out.splitlines() if line.startswith("web1"))
    assert line.split() == ["web1", "sshfs", "(client)", "ok", "1", "h", "50", "min", "ago", "-", "1", "10", "B"]


def test_a_failing_client_is_shown_with_its_reason_and_sentence(world: CliWorld) -> None:
    world.journal.finish(replace(record(Outcome.FAILED, Reason.AUTH), message="web1 refused the key; run setup."))

    shown = world.run("status", "web1")

    assert shown.code == 0
    assert "failing (auth, 1x)" in shown.out
    assert "web1: web1 refused the key; run setup." in shown.out


def test_a_sentence_with_escapes_cannot_reach_the_terminal(world: CliWorld) -> None:
    world.journal.finish(replace(record(Outcome.FAILED, Reason.AUTH), message="bad \x1b[2J file\udcff"))

    shown = world.run("status")

    assert "\x1b" not in shown.out
    assert "bad \\x1b[2J file\\xff" in shown.out


def test_a_running_client_shows_how_far_it_is(world: CliWorld) -> None:
    world.journal.begin(record(None))
    world.journal.progress("run-1", Progress(step="create", files=3, original_size=2048, path="etc/passwd"))

    assert "running (create, 2.0 KiB)" in world.run("status").out
    assert world.run("status", "web1", "--json").data[0]["progress"]["path"] == "etc/passwd"


def test_an_unknown_client_is_not_found_and_the_nearest_is_offered(world: CliWorld) -> None:
    shown = world.run("status", "web2")

    assert shown.code == 6
    assert shown.err == "borgpull: there is no client 'web2' in the configuration. Did you mean 'web1'?\n"


def test_a_silent_supervisor_is_said_first(world: CliWorld) -> None:
    world.clock.advance(timedelta(minutes=3))

    shown = world.run("status")

    assert shown.code == 0
    assert shown.out.startswith("! The supervisor is not running (its last sign of life was 3 min ago)")


def test_a_pause_is_said_with_its_reason_until_it_ends(world: CliWorld) -> None:
    world.run("pause", "--reason", "moving disks")
    world.clock.advance(timedelta(minutes=5))
    world.beat()

    assert "! Paused since 5 min (moving disks)" in world.run("status").out

    assert world.run("resume").out == "Resumed.\n"
    assert "Paused" not in world.run("status").out
    assert world.run("resume").out == "It was not paused.\n"


def test_an_engine_that_is_down_is_said(world: CliWorld) -> None:
    world.journal.set_fact("docker", "cannot reach the container engine")

    assert "! The container engine is down: cannot reach the container engine" in world.run("status").out


def test_clients_that_ever_ran_are_shown_while_the_configuration_is_wrong(world: CliWorld) -> None:
    made_an_archive(world)
    world.configure("[clients.web1]\nhots = 'x'\n")

    shown = world.run("status")

    assert shown.code == 0
    assert "! The configuration is wrong; the last good one stays in force:" in shown.out
    assert "hots" in shown.out
    assert [line for line in shown.out.splitlines() if line.startswith("web1")]


def test_while_the_configuration_is_wrong_clients_stand_as_by_the_one_in_force(world: CliWorld) -> None:
    world.configure(f"{TWO_CLIENTS}enabled = false\n")
    made_an_archive(world)
    supervisor_reads(world)
    world.clock.advance(timedelta(days=9))
    before = world.run("status", "--json").data
    world.configure("[clients.web1]\nhots = 'x'\n")

    told = world.run("status", "--json").data

    assert told == before
    assert {one["client"]: one["state"] for one in told} == {"media": "disabled", "web1": "overdue"}
    assert [one["state"] for one in world.run("report", "--json").data["clients"]] == [one["state"] for one in told]


def test_where_no_configuration_has_held_since_the_start_nobody_is_called_ok(world: CliWorld) -> None:
    made_an_archive(world)
    world.journal.set_fact(IN_FORCE, NOTHING)
    appliance = load(world.config, {})
    world.configure("[clients.web1]\nhots = 'x'\n")
    # Of an older version, by which these very files did hold.
    world.journal.set_fact(KNOWN_CLIENTS, to_json(appliance, fingerprint(world.config)))

    shown = world.run("status")

    assert "! The configuration is wrong; nothing runs until it holds:" in shown.out
    (line,) = [line for line in shown.out.splitlines() if line.startswith("web1")]
    assert "unwatched" in line
    assert "nothing runs until it holds" in " ".join(world.run("doctor").out.split())


def test_an_empty_house_says_how_to_begin(tmp_path: Path) -> None:
    assert "borgpull client add" in CliWorld(tmp_path, "").run("status").out


def test_watching_without_a_terminal_is_refused(world: CliWorld) -> None:
    shown = world.run("status", "--watch")

    assert shown.code == 2
    assert "--watch draws on a terminal" in shown.err


def test_watching_and_json_exclude_each_other(world: CliWorld) -> None:
    assert world.run("status", "--watch", "--json").code == 2


def test_an_overdue_client_is_said_to_be_overdue(world: CliWorld) -> None:
    made_an_archive(world)
    world.clock.advance(timedelta(days=9))
    world.beat()

    assert world.run("status", "web1", "--json").data[0]["state"] == "overdue"
    assert world.clock.now() > NOON


def supervisor_reads(world: CliWorld) -> Configuration:
    configuration = Configuration(
        load=lambda: load(world.config, {}),
        fingerprint=lambda: fingerprint(world.config),
        facts=world.journal,
        clock=world.clock,
    )
    configuration.refresh()
    return configuration


def test_what_the_supervisor_has_read_is_not_read_again_and_says_the_same(world: CliWorld) -> None:
    made_an_archive(world)
    told = world.run("status", "--json").data
    supervisor_reads(world)
    # Files are told apart by their time and size, so nobody opens this one.
    before = (world.config / "borgpull.toml").stat()
    world.configure("#" * before.st_size)
    os.utime(world.config / "borgpull.toml", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert world.run("status", "--json").data == told


def test_an_emptied_file_is_told_where_an_operator_looks(world: CliWorld) -> None:
    supervisor = supervisor_reads(world)
    world.configure("")
    supervisor.refresh()

    shown = world.run("status").out
    checked = world.run("config", "check")

    assert "The configuration is wrong; the last good one stays in force:" in shown
    assert "borgpull.toml: is empty" in shown
    assert (checked.code, "so far there were 2" in checked.err) == (2, True)


def test_an_edit_that_the_supervisor_has_not_read_yet_is_read(world: CliWorld) -> None:
    supervisor_reads(world)
    world.configure(f"{TWO_CLIENTS}enabled = false\n")

    assert [one["state"] for one in world.run("status", "--json").data] == ["disabled", "never"]

    world.configure("no TOML")
    assert "The configuration is wrong" in world.run("status").out


def test_a_program_that_asks_every_minute_loads_no_library_that_checks_or_draws(tmp_path: Path) -> None:
    (tmp_path / "borgpull.toml").write_text(TWO_CLIENTS, "utf-8")
    journal = SqliteJournal(tmp_path / "journal.sqlite", FixedClock(NOON))
    clients = to_json(load(tmp_path, {}), fingerprint(tmp_path))
    journal.set_fact(KNOWN_CLIENTS, clients)
    journal.close()
    script = (
        "import sys; from appliance.cli.main import run; code = run(['status', '--json']); sys.stdout.flush()\n"
        "print(code, *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    folders = dict.fromkeys(("BORGPULL_CONFIG", "BORGPULL_STATE", "BORGPULL_REPOS"), str(tmp_path))

    asked = subprocess.run(
        (sys.executable, "-c", script), env={**os.environ, **folders}, capture_output=True, check=True, timeout=60
    )

    code, *loaded = asked.stderr.decode().split()
    assert code == "0"
    assert [one["client"] for one in json.loads(asked.stdout)] == ["media", "web1"]
    assert "appliance" in loaded
    assert not {"pydantic", "pydantic_core", "rich", "docker", "fabric", "apprise", "prometheus_client"} & {*loaded}
