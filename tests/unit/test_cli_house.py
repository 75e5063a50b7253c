from __future__ import annotations

import http.server
import json
import threading
from pathlib import Path

import pytest

from appliance.cli.reference import FOLDER, pages
from appliance.edges.http import HttpServer
from tests.cli_world import TWO_CLIENTS, CliWorld
from tests.house import record


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path)


def with_secrets(world: CliWorld, mode: int = 0o600) -> None:
    for file in ("keys/web1/id_ed25519", "secrets/web1/passphrase", "secrets/media/passphrase", "known_hosts/web1"):
        secret = world.config / file
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_text("web1 is not empty", encoding="utf-8")
        secret.chmod(mode)


def levels(world: CliWorld) -> dict[tuple[str, str], str]:
    return {(one["subject"], one["sentence"]): one["level"] for one in world.run("doctor", "--json").data}


def test_the_doctor_names_what_is_missing_and_fails(world: CliWorld) -> None:
    shown = world.run("doctor")

    assert shown.code == 3
    assert "-> `borgpull client trust web1`" in shown.out
    assert "it has no key" in shown.out
    assert "/volume1" in shown.out


def test_the_doctor_is_content_but_for_archives_that_are_not_there_yet(world: CliWorld) -> None:
    with_secrets(world)

    found = [one for one in world.run("doctor", "--json").data if one["level"] != "ok"]

    # Free space and the owner of files are those of the machine that runs the tests.
    mine = [one for one in found if not one["subject"].startswith("space") and "belongs to" not in one["sentence"]]
    assert [one["sentence"] for one in mine] == [
        "nobody is told when a backup fails",
        "no archive yet",
        "no archive yet",
    ]


def test_a_secret_that_others_may_read_is_bad(world: CliWorld) -> None:
    with_secrets(world, 0o644)

    shown = world.run("doctor")

    assert shown.code == 3
    assert "others may read its passphrase" in shown.out


def test_without_an_engine_the_doctor_says_so_and_looks_at_the_rest(world: CliWorld) -> None:
    world.engine.outage = "cannot reach the container engine"

    found = levels(world)

    assert found["engine", "cannot reach the container engine"] == "bad"
    assert ("supervisor", "running") in found
    assert not [subject for subject, _ in found if subject == "FUSE"]


def test_a_missing_fuse_is_bad_only_where_sshfs_is_used(world: CliWorld) -> None:
    world.engine.fuse_trouble = "no /dev/fuse"
    assert levels(world)["FUSE", "no /dev/fuse"] == "bad"

    world.configure('[clients.media]\nmethod = "mount"\nfolder = "/mnt/media"\n')
    assert levels(world)["FUSE", "no /dev/fuse"] == "warning"


def test_a_folder_that_containers_see_differently_is_bad(world: CliWorld) -> None:
    world.engine.folder_trouble = "another folder"

    shown = world.run("doctor")

    assert "BORGPULL_HOST_PATH_REPOS" in shown.out


def test_a_wrong_configuration_is_one_finding_a_problem(world: CliWorld) -> None:
    world.configure(f"[appliance]\nmax_paralel = 2\n{TWO_CLIENTS}")

    found = [one for one in world.run("doctor", "--json").data if one["subject"] == "configuration"]

    assert [one["level"] for one in found] == ["bad"]


def test_a_check_prints_every_problem_and_ends_with_two(world: CliWorld) -> None:
    world.configure('[clients.web1]\nhots = "web1.lan"\npaths = ["etc"]\n')

    shown = world.run("config", "check")
    counted = world.run("config", "check", "--json")

    assert shown.code == counted.code == 2
    assert shown.out == ""
    assert "clients.web1.hots" in shown.err
    assert "clients.web1.paths" in shown.err
    assert len(counted.data["problems"]) > 1


def test_show_prints_what_is_in_force_and_reads_back(world: CliWorld) -> None:
    shown = world.run("config", "show")
    world.configure(shown.out)

    assert world.run("config", "show").out == shown.out
    assert world.run("config", "show", "--json").data["clients"]["web1"]["port"] == 22


def test_a_plan_is_printed_and_nothing_is_done(world: CliWorld) -> None:
    shown = world.run("plan", "web1")

    assert shown.code == 0
    assert "never backed up" in shown.out
    assert "refused" in shown.out
    assert "web1-2026-11-22T12:00:00" in shown.out
    assert "SYS_ADMIN" in shown.out
    assert not world.engine.started
    assert not (world.state / "runs").exists()


def test_a_plan_for_programs_holds_plan_container_and_command(world: CliWorld) -> None:
    found = world.run("plan", "media", "--json").data

    assert (found["due"], found["plan"]["method"], found["container"]["network"]) == (True, "mount", "none")
    assert found["command"][0] == "borg"


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 3)])
def test_health_is_what_the_supervisor_says_on_its_port(world: CliWorld, status: int, code: int) -> None:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"as it is\n")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        world.configure(f'[appliance]\nlisten = "0.0.0.0:{server.server_port}"\n')

        shown = world.run("health")

    assert (shown.code, shown.out) == (code, "as it is\n")


@pytest.mark.parametrize("listen", ["127.0.0.2", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]"])  # noqa: S104 - what operators write
def test_health_asks_where_the_supervisor_listens(world: CliWorld, listen: str) -> None:
    server = HttpServer(f"{listen}:0", bytes, str)
    server.start()
    world.configure(f'[appliance]\nlisten = "{listen}:{server.port}"\n')
    try:
        assert world.run("health").out == '{"status": "ok"}\n'
    finally:
        server.stop()


def test_health_without_a_supervisor_ends_with_its_exit_code(world: CliWorld) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        port = server.server_port
    world.configure(f'[appliance]\nlisten = "0.0.0.0:{port}"\n')

    assert world.run("health").code == 8


def test_a_fault_of_ours_shows_its_traceback_and_ends_with_70(world: CliWorld) -> None:
    world.journal.finish(record())
    world.journal.set_fact("next_runs", "this is not JSON")

    shown = world.run("status")

    assert shown.code == 70
    assert "Traceback" in shown.err
    assert json.JSONDecodeError.__name__ in shown.err


def test_an_unknown_verb_is_a_wrong_command_line_and_the_nearest_is_offered(world: CliWorld) -> None:
    shown = world.run("stats")

    assert shown.code == 2
    assert "Did you mean 'status'?" in shown.err


def test_the_version_is_told(world: CliWorld) -> None:
    assert world.run("--version").out.startswith("borgpull 0.")


def test_the_reference_pages_are_those_of_the_commands() -> None:
    root = Path(__file__).parents[2] / FOLDER

    for name, text in pages().items():
        assert (root / name).read_text(encoding="utf-8") == text, "run `python -m appliance.cli.reference`"
