"""What speaks against a run, and against its archive."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.plan.events import ListedArchive
from appliance.plan.gates import Refusal, collapse_gate, filesystem_gate, io_error_gate, ledger_gate, time_gate
from appliance.plan.launch_gates import Ground, launch_gate, restore_gate
from appliance.plan.run_plan import Baseline, KnownArchive, RunPlan
from appliance.record import KnownRepository, Reason
from tests.clients import client_of
from tests.house import NOON, mounted, one

if TYPE_CHECKING:
    from appliance.config.model import Client

FINE = Ground(
    free_space=10 << 30,
    read_only=False,
    marker="us",
    has_repository=True,
    has_key=True,
    has_known_hosts=True,
    has_passphrase=True,
)
EMPTY = replace(FINE, marker=None, has_repository=False)
KNOWN = KnownRepository(client="web1", repository_id="7", first_seen=NOON)


def refused(
    ground: Ground, *, client: Client | None = None, known: KnownRepository | None = KNOWN, others: bool = True
) -> Refusal | None:
    return launch_gate(client or one(), ground, floor=1 << 30, appliance_id="us", known=known, others_known=others)


def reason(refusal: Refusal | None) -> Reason | None:
    return None if refusal is None else refusal.reason


def test_everything_in_place_is_allowed() -> None:
    assert refused(FINE) is None


def test_the_very_first_client_may_make_its_repository_and_the_marker() -> None:
    assert refused(EMPTY, known=None, others=False) is None


def test_a_further_client_may_make_its_repository_on_the_known_volume() -> None:
    assert refused(replace(FINE, has_repository=False), known=None) is None


@pytest.mark.parametrize(
    ("ground", "known", "others"),
    [
        (EMPTY, KNOWN, True),
        (EMPTY, KNOWN, False),
        (EMPTY, None, True),
        (replace(FINE, has_repository=False), KNOWN, True),
        (replace(FINE, marker=None), KNOWN, True),
        (replace(FINE, marker="somebody else"), KNOWN, True),
        (replace(FINE, marker="somebody else"), None, False),
    ],
)
def test_a_repository_that_should_be_there_is_never_made_anew(
    ground: Ground, known: KnownRepository | None, *, others: bool
) -> None:
    assert reason(refused(ground, known=known, others=others)) is Reason.REPOSITORY_MISSING


@pytest.mark.parametrize(
    ("ground", "expected", "words"),
    [
        (replace(FINE, free_space=(1 << 30) - 1), Reason.NO_SPACE, "1.00 GiB"),
        (replace(FINE, read_only=True), Reason.READ_ONLY, "read-only"),
        (replace(FINE, has_key=False), Reason.AUTH, "borgpull client setup web1"),
        (replace(FINE, has_known_hosts=False), Reason.HOST_KEY, "borgpull client trust web1"),
        (replace(FINE, has_passphrase=False), Reason.PASSPHRASE, "/config/secrets/web1/passphrase"),
    ],
)
def test_each_refusal_says_what_to_do(ground: Ground, expected: Reason, words: str) -> None:
    refusal = refused(ground)

    assert refusal is not None
    assert refusal.reason is expected
    assert words in refusal.sentence


def test_a_key_for_the_way_back_is_missed_only_by_who_wants_one_for_good() -> None:
    usual, dedicated = (client_of("ssh-agent", extra=extra) for extra in ("", "dedicated_key = true"))

    assert refused(FINE, client=usual) is None
    assert reason(refused(FINE, client=dedicated)) is Reason.AUTH
    assert refused(replace(FINE, has_agent_key=True), client=dedicated) is None


def test_a_mount_needs_a_passphrase_but_neither_key_nor_pin() -> None:
    bare = replace(FINE, has_key=False, has_known_hosts=False)

    assert refused(bare, client=mounted()) is None
    assert reason(refused(replace(bare, has_passphrase=False), client=mounted())) is Reason.PASSPHRASE


@pytest.mark.parametrize(
    ("pinned", "named"),
    [
        (set(), "inter.lan on the way to web1"),
        ({"jump1/web1"}, "10.0.0.7 on the way to web1"),
        ({"jump2/web1", "web1"}, "inter.lan on the way to web1"),
    ],
)
def test_a_machine_on_the_way_that_is_not_pinned_is_named(pinned: set[str], named: str) -> None:
    client = one(reach='"jump"', jump='["john@inter.lan", "john@10.0.0.7:2222"]')

    refusal = refused(replace(FINE, pinned=frozenset(pinned)), client=client)

    assert refusal is not None
    assert refusal.reason is Reason.HOST_KEY
    assert named in refusal.sentence
    assert "`borgpull client trust web1`" in refusal.sentence


def test_a_way_on_which_every_machine_is_pinned_is_allowed() -> None:
    client = one(reach='"jump"', jump='["john@inter.lan", "john@10.0.0.7:2222"]')

    assert refused(replace(FINE, pinned=frozenset({"jump1/web1", "jump2/web1", "web1"})), client=client) is None


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0.01, 1))
def test_a_source_collapses_when_it_shrinks_by_more_than_is_allowed(before: int, after: int, share: float) -> None:
    by_files = collapse_gate(Baseline(files=before, original_size=0), after, 0, share)
    by_size = collapse_gate(Baseline(files=0, original_size=before), 0, after, share)

    assert reason(by_files) is reason(by_size)
    assert (by_files is None) == (after >= before * (1 - share))


def test_nothing_to_compare_with_is_allowed_and_an_empty_source_is_not() -> None:
    assert collapse_gate(None, 0, 0, 0.5) is None
    assert reason(collapse_gate(Baseline(files=100, original_size=1000), 0, 0, 0.5)) is Reason.COLLAPSED


def test_a_bad_sector_is_no_burst_of_io_errors() -> None:
    assert io_error_gate(0) is None
    assert io_error_gate(10) is None
    assert reason(io_error_gate(11)) is Reason.CONNECTION_LOST


def test_another_file_system_than_last_time_is_refused() -> None:
    assert filesystem_gate("nfs4 nas:/data", "nfs4 nas:/data") is None
    assert filesystem_gate("", "ext4") is None
    assert filesystem_gate("fuse.sshfs", "fuse.pullfs") is None
    assert reason(filesystem_gate("nfs4 nas:/data", "ext4")) is Reason.SOURCE_CHANGED
    assert reason(filesystem_gate("nfs4 nas:/data", "")) is Reason.SOURCE_CHANGED


def ledger(*numbers: int) -> RunPlan:
    known = tuple(KnownArchive(name=f"web1-{number}", id=f"{number:064x}") for number in numbers)
    return RunPlan(
        run_id="r", client="web1", operation="create", appliance_id="us", method="socat", names="client", known=known
    )


def listed(*numbers: int) -> tuple[ListedArchive, ...]:
    return tuple(ListedArchive(name=f"web1-{number}", id=f"{number:064x}", started=NOON) for number in numbers)


def test_a_repository_that_has_all_that_the_ledger_knows_is_allowed_more() -> None:
    assert ledger_gate(ledger(), ()) is None
    assert ledger_gate(ledger(1, 2), listed(2, 1)) is None
    assert ledger_gate(ledger(1), listed(1, 2, 3)) is None


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_any_archive_that_is_gone_is_tampering(known: set[int], there: set[int]) -> None:
    refusal = ledger_gate(ledger(*known), listed(*there))

    assert (reason(refusal) is Reason.TAMPERING) == bool(known - there)
    assert (refusal is None) == (known <= there)


def test_another_archive_under_the_same_name_is_tampering() -> None:
    (real,) = listed(1)

    refusal = ledger_gate(ledger(1), (replace(real, id="f" * 64),))

    assert refusal is not None
    assert "lacks an archive that the ledger knows: web1-1." in refusal.sentence
    assert "`borgpull repair web1`" in refusal.sentence


def test_many_archives_that_are_gone_are_counted_and_a_few_named() -> None:
    refusal = ledger_gate(ledger(*range(9)), ())

    assert refusal is not None
    assert "lacks 9 archives that the ledger knows: web1-0, web1-1, web1-2 and 6 more." in refusal.sentence


@pytest.mark.parametrize(("seconds", "is_refused"), [(0, False), (1, False), (-3600, True), (86400 * 365, True)])
def test_an_archive_of_another_time_than_its_run_is_refused(seconds: int, *, is_refused: bool) -> None:
    plan = replace(ledger(), archive_name=f"web1-{NOON:%Y-%m-%dT%H:%M:%S}")

    refusal = time_gate(plan, NOON + timedelta(seconds=seconds))

    assert (refusal is not None) is is_refused


def restore_refused(ground: Ground) -> Refusal | None:
    return restore_gate(one(), ground, appliance_id="us", known=KNOWN, others_known=True)


def test_a_restore_onto_this_server_needs_the_repository_alone() -> None:
    assert restore_refused(replace(FINE, has_key=False, has_known_hosts=False, free_space=0)) is None
    assert reason(restore_refused(replace(FINE, has_repository=False))) is Reason.REPOSITORY_MISSING
    assert reason(restore_refused(replace(FINE, marker="another"))) is Reason.REPOSITORY_MISSING
    assert reason(restore_refused(replace(FINE, has_passphrase=False))) is Reason.PASSPHRASE
    nothing_yet = restore_gate(one(), EMPTY, appliance_id="us", known=None, others_known=False)
    assert reason(nothing_yet) is Reason.REPOSITORY_MISSING
