"""An archive that has got its final name is looked up again, and a Borg that dies then does not cost the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.plan.events import ListedArchive
from appliance.plan.make import plan_run
from appliance.pull.failure import Failure
from appliance.pull.naming import under_its_final_name
from appliance.pull.repository import Found
from appliance.pull.voice import Voice
from appliance.record import Outcome, Reason
from tests.house import NOON, archive, one

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan

PLAN = plan_run(one(), "create", run_id="run-1", now=NOON, appliance_id="us")
MADE = archive("web1.tmp-run-1", 1)
NAMED = ListedArchive(name=PLAN.archive_name, id=f"{2:064x}", started=NOON)
KILLED = Failure(Reason.KILLED, "Borg was killed from outside (exit -9).", code=-9)


class Looks:
    """A repository that answers each look in turn, by a list of archives or by a failure."""

    def __init__(self, *answers: tuple[ListedArchive, ...] | Failure) -> None:
        self.answers = list(answers)
        self.mended = 0

    def look(self, _plan: RunPlan) -> Found:
        answer = self.answers.pop(0)
        if isinstance(answer, Failure):
            raise answer
        return Found(repository_id="7", encryption="none", archives=answer, temporary=())

    def mend(self, _plan: RunPlan, _voice: Voice) -> None:
        self.mended += 1


def test_the_archive_has_the_id_that_the_rename_gave_it() -> None:
    looks = Looks((NAMED,))

    found, listed = under_its_final_name(PLAN, MADE, Voice(), looks.look, looks.mend)

    assert (found.name, found.id, found.files) == (PLAN.archive_name, NAMED.id, MADE.files)
    assert listed == (NAMED,)
    assert looks.mended == 0


def test_a_borg_that_is_killed_while_it_looks_is_cleaned_up_after_and_another_one_looks() -> None:
    looks = Looks(KILLED, (NAMED,))

    found, _ = under_its_final_name(PLAN, MADE, Voice(), looks.look, looks.mend)

    assert found.id == NAMED.id
    assert looks.mended == 1


def test_what_nobody_can_list_does_not_count_and_the_sentence_says_that_it_is_there() -> None:
    looks = Looks(KILLED, KILLED)

    with pytest.raises(Failure, match=f"{PLAN.archive_name} was made, but could not be listed") as failed:
        under_its_final_name(PLAN, MADE, Voice(), looks.look, looks.mend)

    result = failed.value.result()
    assert (result.outcome, result.reason, result.archive) == (Outcome.INTERRUPTED, Reason.KILLED, None)


def test_an_archive_that_is_not_there_after_its_rename_is_no_good_archive() -> None:
    looks = Looks(())

    with pytest.raises(Failure, match="is not in the repository") as failed:
        under_its_final_name(PLAN, MADE, Voice(), looks.look, looks.mend)

    assert failed.value.reason is Reason.REPOSITORY
