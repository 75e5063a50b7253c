"""Who must trust whom with what: the same values in the list, in the setup text and in the reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from appliance.cli.reference import pages
from appliance.plan.trust import trust_of
from tests.cli_world import CliWorld
from tests.clients import GATEWAY, METHODS, ON_THE_CLIENT, client_of, written
from tests.house import record

if TYPE_CHECKING:
    from collections.abc import Callable

    Table = Callable[[str], dict[str, Any]]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    world = CliWorld(tmp_path)

    def shown(text: str) -> dict[str, Any]:
        world.configure(GATEWAY + text)
        (one,) = world.run("client", "list", "--trust", "--json").data
        return dict(one)

    return shown


@pytest.mark.parametrize("method", METHODS)
def test_only_a_client_that_runs_borg_holds_the_passphrase_and_can_delete(table: Table, method: str) -> None:
    told = table(written(method))

    sides = ["server", "client"] if method in ON_THE_CLIENT else ["server"]
    assert (told["passphrase"], told["deleters"]) == (sides, sides)
    assert told["runs_commands"] is (method in ON_THE_CLIENT)


@pytest.mark.parametrize("method", ON_THE_CLIENT)
def test_a_deletion_by_a_client_is_said_to_be_noticed_and_taken_back(table: Table, method: str) -> None:
    assert "tampering" in table(written(method))["deletion"]
    assert "`borgpull repair` takes it back" in table(written(method))["deletion"]


@pytest.mark.parametrize("method", ON_THE_CLIENT)
def test_borg_on_the_client_loses_nothing_that_borg_can_store(table: Table, method: str) -> None:
    assert table(written(method))["not_carried"] == []


def test_sftp_loses_what_it_has_no_words_for(table: Table) -> None:
    lost = " ".join(table(written("sshfs"))["not_carried"])

    for each in ("hard links", "extended attributes", "ACLs", "times below the second", "ctime", "device nodes"):
        assert each in lost
    assert "character devices" in " ".join(table(written("sshfs", extra='names = "chroot"'))["not_carried"])


def test_a_listed_machine_loses_less_and_its_key_lists_too(table: Table) -> None:
    auto, require = (table(written("sshfs", extra=f'listing = "{word}"')) for word in ("auto", "require"))

    for told in (auto, require):
        assert "the one program that lists files" in told["power"]
        assert not told["runs_commands"]
        assert "hard links (each name" not in " ".join(told["not_carried"])
    assert "do not allow the listing: hard links" in " ".join(auto["not_carried"])
    assert "hard links" not in " ".join(require["not_carried"])


@pytest.mark.parametrize(("listed_by", "lost"), [("SFTP", True), ("find", False), (None, None)])
def test_a_machine_that_may_be_listed_is_told_by_how_it_was(listed_by: str | None, *, lost: bool | None) -> None:
    auto = trust_of(client_of("sshfs", extra='listing = "auto"'), listed_by).not_carried
    never = trust_of(client_of("sshfs", extra='listing = "never"')).not_carried

    assert (auto == never) is bool(lost)
    assert any(said.startswith("where the client's key") for said in auto) is (lost is None)


def test_the_last_good_run_says_what_archives_lack(tmp_path: Path) -> None:
    world = CliWorld(tmp_path)
    world.configure(GATEWAY + written("sshfs", extra='listing = "auto"'))
    (before,) = world.run("client", "list", "--trust", "--json").data
    world.journal.finish(replace(record(), client=before["client"], listed_by="SFTP"))

    (told,) = world.run("client", "list", "--trust", "--json").data

    assert (before["listed_by"], told["listed_by"]) == (None, "SFTP")
    assert "hard links (each name becomes a file of its own)" in told["not_carried"]
    assert "files listed by SFTP, without hard links" in world.run("client", "list", "--trust").out


@pytest.mark.parametrize("method", ["sshfs", "socat"])
def test_numbers_have_no_names(table: Table, method: str) -> None:
    assert "names of owners" in table(written(method, extra='names = "numeric"'))["not_carried"]


def test_hooks_make_a_reading_key_one_that_runs_commands(table: Table) -> None:
    assert "read by SFTP" in table(written("sshfs"))["power"]

    told = table(written("sshfs", extra='user = "bob"\nbefore = ["true"]'))

    assert (told["runs_commands"], told["power"]) == (True, "run any command as bob (hooks need that)")
    assert told["passphrase"] == ["server"]


def test_a_stream_keeps_bytes_and_nothing_else(table: Table) -> None:
    text = written("socat", extra='stream = { command = "pg_dumpall", name = "all.sql" }').replace('paths = ["/"]', "")

    assert "all but the bytes" in table(text)["not_carried"][0]


def test_each_reach_says_what_those_on_the_way_can_do() -> None:
    assert any("john@inter on the way" in note for note in trust_of(client_of("socat", "jump")).notes)
    assert any("opens the tunnel" in note for note in trust_of(client_of("sshfs", "dial-in")).notes)


def test_a_dedicated_key_is_told_from_one_of_a_run() -> None:
    usual, dedicated = (trust_of(client_of("ssh-agent", extra=extra)).notes for extra in ("", "dedicated_key = true"))

    assert "made for one run" in " ".join(usual)
    assert "the same in each run" in " ".join(dedicated)


def test_what_is_only_signed_can_be_read_without_a_passphrase() -> None:
    notes = trust_of(client_of("mount", extra='encryption = "authenticated-blake2"')).notes

    assert "does not encrypt" in " ".join(notes)


@pytest.mark.parametrize("method", METHODS)
def test_a_person_reads_the_same_as_a_program(tmp_path: Path, method: str) -> None:
    world = CliWorld(tmp_path, GATEWAY + written(method))
    trust = trust_of(client_of(method))

    out = world.run("client", "list", "--trust").out

    for words in (trust.power, trust.deletion, *trust.notes, *trust.not_carried):
        assert words in out


@pytest.mark.parametrize("method", METHODS)
def test_the_reference_says_of_each_method_what_the_code_says(method: str) -> None:
    trust = trust_of(client_of(method, extra="" if method == "mount" else 'user = "USER"'))

    page = (ROOT / "docs" / "reference" / "trust.md").read_text(encoding="utf-8")

    assert page == pages()["trust.md"]
    (row,) = [
        line for line in page.splitlines() if f"`{method}`" in line and trust.power in line and "hooks" not in line
    ]
    assert row.count("the server and the client") == 2 * (method in ON_THE_CLIENT)
