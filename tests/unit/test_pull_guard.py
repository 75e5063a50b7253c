"""A client that replaces the key of its repository never gets away with it, even if it kills the run that looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.plan.run_plan import RunPlan
from appliance.pull import guard
from appliance.pull.failure import Failure
from appliance.pull.voice import Voice
from appliance.record import Reason

if TYPE_CHECKING:
    from pathlib import Path

PLAN = RunPlan(run_id="r1", client="web1", operation="create", appliance_id="us", method="socat", names="client")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config"
    file.write_text("ours")
    monkeypatch.setattr(guard, "_CONFIG", file)
    monkeypatch.setattr(guard, "_KEPT", tmp_path / "kept")
    monkeypatch.setattr(guard, "_REPLACED", tmp_path / "replaced")
    return file


def test_an_honest_session_leaves_nothing(config: Path) -> None:
    watch = guard.Guard(PLAN)

    watch.insist_unchanged()
    watch.put_back(Voice())

    assert [file.name for file in config.parent.iterdir()] == ["config"]


def test_a_replaced_key_is_put_back_and_the_run_fails(config: Path) -> None:
    watch = guard.Guard(PLAN)
    config.write_text("theirs")

    with pytest.raises(Failure) as failed:
        watch.insist_unchanged()

    assert failed.value.reason is Reason.TAMPERING
    assert config.read_text() == "ours"
    assert (config.parent / "replaced").read_text() == "theirs"
    assert config.stat().st_mode & 0o777 == 0o600


def test_a_run_that_was_killed_leaves_the_key_to_the_next_one(config: Path) -> None:
    guard.Guard(PLAN)
    config.write_text("theirs")

    with pytest.raises(Failure) as failed:
        guard.restore_key(PLAN)

    assert failed.value.reason is Reason.TAMPERING
    assert config.read_text() == "ours"
    guard.restore_key(PLAN)
    guard.Guard(PLAN)


def test_a_key_that_is_gone_is_put_back_too(config: Path) -> None:
    watch = guard.Guard(PLAN)
    config.unlink()

    watch.put_back(Voice())

    assert config.read_text() == "ours"


CONFIG = "[repository]\nid = 00\nstorage_quota = 0\nadditional_free_space = 0\nkey = our\n\tkey\n\n"
FURTHER = CONFIG.replace("id = 00\n", "id = 00\nlast_segment_checked = 7\n")


def test_what_is_changed_after_a_look_at_a_dead_session_is_nobodys_tampering(config: Path) -> None:
    guard.Guard(PLAN)

    guard.restore_key(PLAN)
    config.write_text("with another quota")
    guard.restore_key(PLAN)
    guard.Guard(PLAN).insist_unchanged()

    assert config.read_text() == "with another quota"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (CONFIG, FURTHER),
        (FURTHER, CONFIG),
        (FURTHER, FURTHER.replace("7", "9")),
        (CONFIG, CONFIG.replace("storage_quota = 0", "storage_quota = 5")),
        (CONFIG, CONFIG.replace("additional_free_space = 0", "additional_free_space = 5")),
    ],
)
def test_a_check_from_the_client_is_no_tampering_and_decides_nothing_here(
    config: Path, before: str, after: str
) -> None:
    config.write_text(before)
    watch = guard.Guard(PLAN)
    config.write_text(after)

    watch.insist_unchanged()

    assert config.read_text() == before
    assert not (config.parent / "replaced").exists()


@pytest.mark.parametrize(
    "theirs",
    [
        FURTHER.replace("our\n\tkey", "their\n\tkey"),
        FURTHER.replace("key = our\n\tkey\n", ""),
        FURTHER.replace("id = 00", "id = 01"),
        # As Borg would write a key in which it reads another line.
        CONFIG.replace("\tkey", "\tkey\rlast_segment_checked = 9"),
        f"{CONFIG}last_segment_checked = 1\nlast_segment_checked = 2\n",
        "",
    ],
)
def test_a_key_replaced_beside_a_check_is_tampering_all_the_same(config: Path, theirs: str) -> None:
    config.write_text(CONFIG)
    watch = guard.Guard(PLAN)
    config.write_bytes(theirs.encode())

    with pytest.raises(Failure) as failed:
        watch.insist_unchanged()

    assert failed.value.reason is Reason.TAMPERING
    assert config.read_text() == CONFIG
