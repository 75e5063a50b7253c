"""`borgpull escrow`: what is in the bundle, what is said of it, and when it is refused."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from shutil import rmtree
from typing import TYPE_CHECKING, Any

import pytest

from appliance.cli.escrow_bundle import Bundle, unpack
from appliance.edges.disk_ledger import DiskLedgers
from appliance.plan.disk_ledger import DiskLedger
from appliance.plan.escrow import FACT, EscrowFact
from appliance.plan.places import EXPORTED_KEY, PASSPHRASE, REPOSITORY
from appliance.record import LedgerEntry, Operation, Reason
from tests.cli_world import CliWorld, Shown
from tests.house import NOON, archive, record, repository

if TYPE_CHECKING:
    from pathlib import Path

GOOD = archive("web1-2026-11-22T12:00:00", 1)
OWN = "six random words, or more"
FOUND = {"archives": 1, "gone": [], "newest": GOOD.name, "files": 90, "read": 20, "bytes": 4096}


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    made = CliWorld(tmp_path)
    made.with_repository()
    secret = made.config / "secrets/web1/passphrase"
    secret.parent.mkdir(parents=True)
    secret.write_text("the passphrase of web1\n", encoding="utf-8")
    (tmp_path / "own").write_text(f"{OWN}\n", encoding="utf-8")
    run = replace(record(), archive=GOOD, repository=repository())
    made.journal.finish(run, [LedgerEntry(client="web1", archive=GOOD, run_id="run-1")])
    made.answer({"line": "BORG_KEY 0123"}, {"line": "hqlhbGdv"})
    return made


def escrow(world: CliWorld, *words: str) -> Shown:
    return world.run("escrow", *words, "--passphrase-file", str(world.config.parent / "own"))


def made(world: CliWorld) -> Path:
    target = world.restored / "escrow.gpg"
    shown = escrow(world, "--to", str(target))
    assert shown.code == 0, shown.err
    return target


def opened(world: CliWorld, file: Path) -> Bundle:
    return unpack(world.cipher.decrypt(file.read_bytes(), OWN.encode()))


def test_everything_that_another_machine_needs_is_in_it(world: CliWorld) -> None:
    bundle = opened(world, made(world))

    assert bundle.content("borg-keys/web1") == b"BORG_KEY 0123\nhqlhbGdv\n"
    assert bundle.content("config/secrets/web1/passphrase") == b"the passphrase of web1\n"
    assert b"web1.lan" in (bundle.content("config/borgpull.toml") or b"")
    (media, web1) = bundle.manifest.clients
    assert (media.name, media.key, media.trouble) == ("media", "", "")
    assert (web1.repository_id, [one.id for one in web1.archives]) == (repository().id, [GOOD.id])
    facts = json.loads(bundle.content("state/journal.sqlite") or b"")
    assert facts["paused"]
    assert EscrowFact.from_json(facts[FACT]) == EscrowFact.from_json(world.journal.fact(FACT))


def test_it_is_for_its_owner_alone_and_no_secret_is_said(world: CliWorld) -> None:
    target = world.restored / "escrow.gpg"

    shown = escrow(world, "--to", str(target))

    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in world.restored.iterdir()] == ["escrow.gpg"]
    assert "the passphrase of web1" not in shown.out + shown.err
    assert OWN not in shown.out + shown.err
    assert "borgpull escrow --check" in shown.err


def test_it_counts_as_an_export_of_each_key(world: CliWorld) -> None:
    made(world)

    assert world.journal.fact("key_exported:web1") == world.clock.now().isoformat()
    assert world.journal.fact("key_exported:media") is None


def test_without_a_name_it_lies_where_restores_land(world: CliWorld) -> None:
    assert escrow(world).code == 0
    assert [path.name for path in world.restored.iterdir()] == ["borgpull-escrow-2026-11-22.gpg"]


def test_to_standard_output_comes_the_file_and_nothing_else(world: CliWorld) -> None:
    shown = escrow(world, "--to", "-")

    (world.restored / "file").write_bytes(shown.raw)
    assert opened(world, world.restored / "file").content("borg-keys/web1")


def test_a_key_that_is_missing_is_loud_and_does_not_count(world: CliWorld) -> None:
    world.answer(reason=Reason.PASSPHRASE, message="The passphrase is wrong.")
    target = world.restored / "escrow.gpg"

    shown = escrow(world, "--to", str(target))

    assert shown.code == 1
    assert "! The key of web1 is NOT in it: The passphrase is wrong." in shown.err
    assert opened(world, target).manifest.clients[1].trouble == "The passphrase is wrong."
    assert world.journal.fact("key_exported:web1") is None
    fact = EscrowFact.from_json(world.journal.fact(FACT))
    assert fact is not None
    assert fact.repositories == {}


def test_a_bundle_that_lacks_a_key_never_replaces_the_one_that_stands_there(world: CliWorld) -> None:
    target = made(world)
    whole, fact = target.read_bytes(), world.journal.fact(FACT)
    exported = world.journal.fact("key_exported:web1")
    world.clock.advance(timedelta(days=1))
    world.answer(reason=Reason.PASSPHRASE, message="The passphrase is wrong.")

    shown = escrow(world, "--to", str(target))

    assert shown.code == 1
    assert target.read_bytes() == whole
    assert (world.journal.fact(FACT), world.journal.fact("key_exported:web1")) == (fact, exported)
    assert "! The key of web1 is NOT in it: The passphrase is wrong." in shown.err
    assert f"{target} was left as it is" in shown.err
    beside = world.restored / "escrow.gpg.incomplete"
    assert opened(world, beside).manifest.clients[1].trouble == "The passphrase is wrong."
    assert beside.stat().st_mode & 0o777 == 0o600


def test_a_complete_bundle_replaces_the_one_of_before(world: CliWorld) -> None:
    before = made(world).read_bytes()
    world.clock.advance(timedelta(days=1))

    after = made(world)

    assert after.read_bytes() != before
    assert [path.name for path in world.restored.iterdir()] == ["escrow.gpg"]


WITHOUT_WEB1 = '[clients.media]\nmethod = "mount"\nfolder = "/mnt/media"\n'


def test_a_client_that_is_not_configured_any_more_is_in_it_and_is_proven(world: CliWorld) -> None:
    world.configure(WITHOUT_WEB1)

    file = made(world)
    bundle = opened(world, file)
    world.answer(FOUND)
    shown = escrow(world, "--check", str(file))

    assert bundle.content("borg-keys/web1") == b"BORG_KEY 0123\nhqlhbGdv\n"
    (_, web1) = bundle.manifest.clients
    assert (web1.name, web1.repository_id, len(web1.archives)) == ("web1", repository().id, 1)
    assert shown.code == 0, shown.err
    assert "web1: proven" in shown.out


def test_where_the_key_of_such_a_client_cannot_be_had_it_is_said_how_that_ends(world: CliWorld) -> None:
    world.configure(WITHOUT_WEB1)
    world.answer(reason=Reason.PASSPHRASE, message="The passphrase is wrong.")

    shown = escrow(world, "--to", str(world.restored / "escrow.gpg"))

    assert shown.code == 1
    assert (
        "! The key of web1 is NOT in it: The passphrase is wrong. It is not in the configuration any more" in shown.err
    )
    assert "move /repos/web1 to another place" in shown.err


def test_a_passphrase_that_was_deleted_is_named(world: CliWorld) -> None:
    (world.config / "secrets/web1/passphrase").unlink()

    shown = escrow(world, "--to", str(world.restored / "escrow.gpg"))

    assert shown.code == 1
    assert "its passphrase is not in /config/secrets/web1/passphrase" in shown.err
    assert world.engine.started == []


def test_a_client_that_was_given_up_with_its_repository_is_not_missed(world: CliWorld) -> None:
    world.configure(WITHOUT_WEB1)
    rmtree(world.repositories / "web1")

    file = made(world)

    assert [client.name for client in opened(world, file).manifest.clients] == ["media"]


def test_a_pinned_repository_that_is_not_there_is_missing_too(world: CliWorld) -> None:
    (world.repositories / "web1/config").unlink()

    shown = escrow(world, "--to", str(world.restored / "escrow.gpg"))

    assert shown.code == 1
    assert "its repository is not in /repos/web1" in shown.err


@pytest.mark.parametrize("weak", ["", "short", "\nsecond line of the file"])
def test_a_weak_passphrase_is_refused_before_anything_is_written(world: CliWorld, weak: str) -> None:
    (world.config.parent / "own").write_text(weak, encoding="utf-8")

    shown = escrow(world, "--to", str(world.restored / "escrow.gpg"))

    assert shown.code == 3
    assert "at least 12" in shown.err
    assert list(world.restored.iterdir()) == []


def test_without_a_terminal_and_without_a_file_nobody_can_be_asked(world: CliWorld) -> None:
    shown = world.run("escrow", "--to", str(world.restored / "escrow.gpg"), typed=f"{OWN}\n{OWN}\n")

    assert shown.code == 2
    assert "--passphrase-file" in shown.err


def test_a_look_has_the_bundle_and_the_folder_of_one_client_and_nothing_else(world: CliWorld) -> None:
    file = made(world)
    (world.config / "secrets/web1/passphrase").unlink()
    world.answer(FOUND)
    world.engine.started.clear()

    shown = escrow(world, "--check", str(file))

    assert shown.code == 0, shown.err
    assert "web1: proven: 1 archive; of the newest" in shown.out
    assert "media: nothing to prove" in shown.out
    (spec,) = world.engine.started
    assert (spec.network, spec.capabilities) == ("none", ())
    targets = {mount.target for mount in spec.mounts}
    assert targets >= {str(PASSPHRASE), str(EXPORTED_KEY), str(REPOSITORY)}
    assert all(mount.read_only for mount in spec.mounts)
    assert [mount.source for mount in spec.mounts if "config" in mount.source or "cache" in mount.source] == []
    assert [path for path in world.state.rglob("*") if path.is_file()] == []


def doctors_word(world: CliWorld) -> str:
    (said,) = [one["sentence"] for one in world.run("doctor", "--json").data if one["subject"] == "escrow"]
    return str(said)


def test_the_doctor_asks_for_an_escrow_its_proof_and_a_new_one(world: CliWorld) -> None:
    none = doctors_word(world)
    file = made(world)
    unproven = doctors_word(world)
    world.answer(FOUND)
    assert escrow(world, "--check", str(file)).code == 0
    proven = doctors_word(world)
    (world.config / "secrets/web1/passphrase").write_text("another\n", encoding="utf-8")

    assert "there is none" in none
    assert "never proven" in unproven
    assert proven == "made on 2026-11-22, proven on 2026-11-22"
    assert "out of date" in doctors_word(world)


def test_a_client_that_got_its_repository_since_is_not_passed_over(world: CliWorld) -> None:
    file = made(world)
    world.with_repository("media")
    world.answer(FOUND)

    shown = escrow(world, "--check", str(file))

    assert shown.code == 3
    assert "media: FAILED: it has got a repository since" in shown.out


def test_what_failed_proves_nothing_to_the_doctor(world: CliWorld) -> None:
    file = made(world)
    world.answer(reason=Reason.INTEGRITY, message="A chunk is damaged.")
    escrow(world, "--check", str(file))

    assert "never proven" in doctors_word(world)


def test_what_could_not_be_proven_fails(world: CliWorld) -> None:
    file = made(world)
    world.answer(reason=Reason.PASSPHRASE, message="The exported key is not that of this repository.")

    shown = escrow(world, "--check", str(file), "--json")

    assert shown.code == 3
    assert [(one["client"], one["proven"]) for one in shown.data] == [("media", None), ("web1", False)]


def test_an_answer_without_findings_is_no_proof(world: CliWorld) -> None:
    file = made(world)
    world.answer()

    assert escrow(world, "--check", str(file)).code == 3


def test_archives_that_are_gone_since_are_named(world: CliWorld) -> None:
    file = made(world)
    world.answer({**FOUND, "gone": [f"web1-{number}" for number in range(5)]})

    assert "these are gone: web1-0, web1-1, web1-2 and 2 more" in escrow(world, "--check", str(file)).out


def test_a_client_of_huge_files_alone_is_proven_by_the_beginning_of_one(world: CliWorld) -> None:
    file = made(world)
    world.answer({**FOUND, "files": 2, "read": 0, "in_part": 1, "bytes": 64 << 20})

    assert "the first 64.0 MiB of 1 of 2 files were read back" in escrow(world, "--check", str(file)).out


def test_a_bundle_in_which_nothing_can_be_proven_is_no_success(world: CliWorld) -> None:
    world.configure(WITHOUT_WEB1)
    rmtree(world.repositories / "web1")
    file = made(world)

    assert escrow(world, "--check", str(file)).code == 6


@pytest.mark.parametrize("word", ["--check", "--restore"])
def test_a_wrong_passphrase_opens_nothing(world: CliWorld, word: str) -> None:
    file = made(world)
    (world.config.parent / "own").write_text("another passphrase", encoding="utf-8")

    assert escrow(world, word, str(file)).code == 3


def test_two_words_at_once_are_refused(world: CliWorld) -> None:
    assert escrow(world, "--to", "x", "--check", "y").code == 2
    assert escrow(world, "--json").code == 2


def new_world(tmp_path: Path) -> CliWorld:
    (tmp_path / "new").mkdir()
    other = CliWorld(tmp_path / "new")
    os.link(tmp_path / "own", tmp_path / "new/own")
    (other.config / "borgpull.toml").unlink()
    return other


def test_a_new_appliance_becomes_what_the_old_one_was(world: CliWorld, tmp_path: Path) -> None:
    file = made(world)
    other = new_world(tmp_path)

    shown = escrow(other, "--restore", str(file))

    assert shown.code == 0, shown.err
    assert (other.config / "secrets/web1/passphrase").read_text() == "the passphrase of web1\n"
    assert (other.state / "journal.sqlite").stat().st_mode & 0o777 == 0o600
    assert "borgpull resume" in shown.out
    # Once more changes nothing, as long as nobody has begun to work with it.
    (other.state / "journal.sqlite").unlink()
    assert escrow(other, "--restore", str(file)).code == 0


def knowing(other: CliWorld) -> None:
    """Let the new appliance know what the journal in the bundle would tell it."""
    run = replace(record(), archive=GOOD, repository=repository())
    other.journal.finish(run, [LedgerEntry(client="web1", archive=GOOD, run_id="run-1")])


def on_disk(world: CliWorld, **changes: Any) -> None:
    """Keep a copy of the ledger beside the repositories, as it is a day later: one archive went, another came."""
    later = LedgerEntry(client="web1", archive=archive("web1-2026-11-23T12:00:00", 2), run_id="run-2")
    ledger = DiskLedger(
        client="web1", repository_id=repository().id, written=NOON + timedelta(days=1), entries=(later,)
    )
    DiskLedgers(config=world.config, repositories=world.repositories).keep(replace(ledger, **changes))


def restored(world: CliWorld, tmp_path: Path, file: Path) -> tuple[CliWorld, Shown]:
    other = new_world(tmp_path)
    other.repositories.rmdir()
    other.repositories.symlink_to(world.repositories)
    knowing(other)
    return other, escrow(other, "--restore", str(file))


def test_the_ledger_beside_the_repositories_is_newer_and_is_taken_over(world: CliWorld, tmp_path: Path) -> None:
    on_disk(world)
    file = made(world)

    other, shown = restored(world, tmp_path, file)

    assert "1 archive came since the escrow, 1 went" in shown.out
    assert [entry.archive.name for entry in other.journal.archives("web1")] == ["web1-2026-11-23T12:00:00"]
    assert Operation.ACCEPT in [run.operation for run in other.journal.history("web1")]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"written": NOON - timedelta(days=1)}, "which is the newest there is"),
        ({"repository_id": "another"}, "that of another one"),
    ],
)
def test_an_older_ledger_and_one_of_another_repository_are_not(
    world: CliWorld, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    on_disk(world, **changes)
    file = made(world)

    other, shown = restored(world, tmp_path, file)

    assert said in shown.out
    assert [entry.archive.name for entry in other.journal.archives("web1")] == [GOOD.name]


def test_a_ledger_that_somebody_else_sealed_is_said_and_not_taken(world: CliWorld, tmp_path: Path) -> None:
    file = made(world)
    on_disk(world)

    other, shown = restored(world, tmp_path, file)

    assert shown.code == 0
    assert "not sealed with this appliance's key" in shown.out
    assert [entry.archive.name for entry in other.journal.archives("web1")] == [GOOD.name]


def test_nothing_that_stands_is_overwritten(world: CliWorld, tmp_path: Path) -> None:
    file = made(world)
    other = new_world(tmp_path)
    other.configure("[appliance]\n")

    shown = escrow(other, "--restore", str(file))

    assert shown.code == 9
    assert "borgpull.toml" in shown.err
    assert not (other.config / "secrets").exists()
    assert not (other.state / "journal.sqlite").exists()


def test_a_supervisor_that_runs_and_a_history_that_would_be_lost_are_refused(world: CliWorld) -> None:
    file = made(world)
    (world.state / "journal.sqlite").touch()

    running = escrow(world, "--restore", str(file))
    world.journal.set_fact("heartbeat", "")
    known = escrow(world, "--restore", str(file))

    assert (running.code, known.code) == (9, 9)
    assert "supervisor is running" in running.err
    assert "history of its own" in known.err
