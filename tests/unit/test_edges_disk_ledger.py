"""The ledger's copy beside the repositories: only one that this appliance sealed counts."""

from __future__ import annotations

import json
import stat
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.edges.disk_ledger import DiskLedgers
from appliance.errors import StateError
from appliance.plan.disk_ledger import DiskLedger, newer
from appliance.record import LedgerEntry
from tests.house import NOON, archive, repository

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND, THIRD = (
    LedgerEntry(client="web1", archive=archive(f"web1-{each}", each), run_id=f"run-{each}") for each in (1, 2, 3)
)
LEDGER = DiskLedger(client="web1", repository_id=repository().id, written=NOON, entries=(FIRST, SECOND))


@pytest.fixture
def ledgers(tmp_path: Path) -> DiskLedgers:
    return DiskLedgers(config=tmp_path / "config", repositories=tmp_path / "repos")


def copy_of(tmp_path: Path, client: str = "web1") -> Path:
    return tmp_path / "repos/.borgpull-ledger" / f"{client}.json"


def test_what_is_kept_is_read_back_by_whoever_has_the_configuration(ledgers: DiskLedgers, tmp_path: Path) -> None:
    ledgers.keep(LEDGER)

    assert ledgers.read("web1") == LEDGER
    assert DiskLedgers(config=tmp_path / "config", repositories=tmp_path / "repos").read("web1") == LEDGER


def test_the_newest_one_takes_the_place_of_the_one_before_and_is_for_root_alone(
    ledgers: DiskLedgers, tmp_path: Path
) -> None:
    ledgers.keep(LEDGER)
    ledgers.keep(replace(LEDGER, entries=(SECOND,)))

    found = ledgers.read("web1")
    assert found is not None
    assert found.entries == (SECOND,)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in copy_of(tmp_path).parent.iterdir()}
    assert modes == {"web1.json": 0o600}
    assert stat.S_IMODE(copy_of(tmp_path).parent.stat().st_mode) == 0o700


def test_a_client_without_one_has_none(ledgers: DiskLedgers) -> None:
    assert ledgers.read("web1") is None


def test_who_has_nothing_but_the_disk_cannot_write_one(ledgers: DiskLedgers, tmp_path: Path) -> None:
    ledgers.keep(LEDGER)
    found = json.loads(copy_of(tmp_path).read_text())
    found["ledger"] = replace(LEDGER, entries=()).to_json()
    copy_of(tmp_path).write_text(json.dumps(found))

    with pytest.raises(StateError, match="not sealed"):
        ledgers.read("web1")


def test_one_of_another_client_is_not_taken_for_this_ones(ledgers: DiskLedgers, tmp_path: Path) -> None:
    ledgers.keep(LEDGER)
    copy_of(tmp_path).rename(copy_of(tmp_path, "db1"))

    with pytest.raises(StateError, match="that of web1"):
        ledgers.read("db1")


def test_without_the_configuration_of_that_day_nothing_of_it_counts(ledgers: DiskLedgers, tmp_path: Path) -> None:
    ledgers.keep(LEDGER)

    with pytest.raises(StateError, match="not sealed"):
        DiskLedgers(config=tmp_path / "another", repositories=tmp_path / "repos").read("web1")
    assert not (tmp_path / "another").exists()


def test_a_damaged_one_is_trouble_and_no_empty_ledger(ledgers: DiskLedgers, tmp_path: Path) -> None:
    ledgers.keep(LEDGER)
    copy_of(tmp_path).write_text('{"ledger": ')

    with pytest.raises(StateError, match="cannot be read"):
        ledgers.read("web1")


def test_first_runs_that_end_at_once_share_one_key(ledgers: DiskLedgers) -> None:
    names = [f"client{number}" for number in range(8)]
    copies = [replace(LEDGER, client=name, entries=()) for name in names]
    threads = [threading.Thread(target=ledgers.keep, args=(one,)) for one in copies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(ledgers.read(name) for name in names)


def test_an_older_journal_learns_what_came_and_what_went() -> None:
    learned = newer((FIRST, SECOND), replace(LEDGER, entries=(SECOND, THIRD)))

    assert learned.came == (THIRD,)
    assert learned.gone == (FIRST.archive.id,)
