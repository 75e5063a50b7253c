from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.plan import events
from appliance.plan.run_plan import Baseline, RunPlan
from appliance.record import ArchiveStats, Outcome, Progress, Reason, RepositoryStats

STARTED = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
ARCHIVE = ArchiveStats(
    name="web1-x", id="1", started=STARTED, original_size=1, compressed_size=1, deduplicated_size=1, files=1
)
REPOSITORY = RepositoryStats(
    id="r",
    encryption="repokey",
    total_size=1,
    total_csize=1,
    unique_csize=1,
    total_chunks=1,
    total_unique_chunks=1,
    disk_size=1,
    archives=1,
)


@pytest.mark.parametrize(
    "event",
    [
        Progress(step="create", files=3, original_size=9, path="a\n\x1bb\udcff"),
        events.Note(level="info", message="ä"),
        events.Data(value={"name": "x", "size": 3}),
        events.Result(outcome=Outcome.FAILED, reason=Reason.HOST_KEY, message="no"),
        events.Result(
            outcome=Outcome.FAILED,
            reason=Reason.INTEGRITY,
            check=events.CheckFindings(repository="damaged", verified=("a", "b"), damaged=("c",)),
        ),
        events.Result(
            outcome=Outcome.WARNING,
            reason=Reason.UNREADABLE,
            warnings=("a",),
            warning_count=1,
            archive=ARCHIVE,
            repository=REPOSITORY,
            archives=(events.ListedArchive(name="n", id="i", started=STARTED),),
            facts=("f",),
            listed_by="busybox",
        ),
    ],
)
def test_an_event_arrives_as_it_was_sent_on_one_ascii_line(event: events.Event) -> None:
    line = events.write(event)

    assert events.read(line) == event
    assert line.isascii()
    assert "\n" not in line


@pytest.mark.parametrize("line", ["", "Traceback", "{}", "[]", '{"event": "result"}', '{"event": "result", "x": 1}'])
def test_what_is_not_ours_is_no_event(line: str) -> None:
    assert events.read(line) is None


@given(st.text())
def test_no_line_whatever_breaks_the_reader(line: str) -> None:
    assert not isinstance(events.read(line), events.Result)


def test_a_plan_survives_its_way_into_the_container() -> None:
    plan = RunPlan(
        run_id="r",
        client="web1",
        operation="create",
        appliance_id="a",
        method="sshfs",
        names="client",
        paths=("/etc",),
        baseline=Baseline(files=3, original_size=4, filesystem="nfs4 nas:/x"),
        alive=("q1",),
    )

    assert RunPlan.from_json(plan.to_json()) == plan
