"""What a pull container imports at its start, and that every operation it is asked for is there."""

from __future__ import annotations

import inspect
import pkgutil
import subprocess
import sys

import pytest

from appliance.plan.offer import LOOK
from appliance.plan.operations import BY_HAND, FIDELITY, QUESTIONS
from appliance.pull import controller
from appliance.record import Operation

_CARRIED_OUT = {**controller._WITH_THE_CLIENT, **controller._BY_ITSELF}
# None of them is needed to read a plan, to mount a client, to run Borg or to say how it went.
_HEAVY = {"pydantic", "paramiko", "fabric", "docker", "rich", "click", "sqlite3", "apprise", "prometheus_client"}


def test_every_operation_and_question_has_somebody_who_carries_it_out() -> None:
    assert set(_CARRIED_OUT) == {*Operation, *QUESTIONS, BY_HAND, FIDELITY}


@pytest.mark.parametrize(("operations", "given"), [(controller._WITH_THE_CLIENT, 3), (controller._BY_ITSELF, 2)])
def test_each_of_them_is_there_and_takes_what_it_is_given(operations: dict[str, str], given: int) -> None:
    for name in operations.values():
        carry_out = pkgutil.resolve_name(f"appliance.pull.{name}")
        assert len(inspect.signature(carry_out).parameters) == given, name


# A look logs in by Paramiko, whatever it is asked.
@pytest.mark.parametrize("operation", sorted({*_CARRIED_OUT} - {LOOK}))
def test_a_pull_container_starts_without_the_libraries_of_others(operation: str) -> None:
    module = _CARRIED_OUT[operation].partition(":")[0]
    program = f"import sys, appliance.pull.controller, appliance.pull.{module}; print(*sys.modules)"
    loaded = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, check=True).stdout.split()
    assert not _HEAVY & {*loaded}
