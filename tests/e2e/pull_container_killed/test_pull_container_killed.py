"""The promise: a pull container that is killed or removed from outside is an interruption, and nothing stays of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker

if TYPE_CHECKING:
    from tests.e2e.harness.pulling import Pulling


@pytest.mark.parametrize(
    ("blow", "sentence"),
    [
        (("kill",), "Its container was killed from outside (exit code 137)."),
        # The engine kills it before it removes it, and the supervisor may look in between.
        (("rm", "--force"), "from outside"),
    ],
    ids=("killed", "removed"),
)
def test_a_container_ended_from_outside_is_an_interruption(
    pulling: Pulling, blow: tuple[str, ...], sentence: str
) -> None:
    seen = pulling.watched(lambda: docker(*blow, pulling.container))

    pulling.assert_nothing_counts(seen, code=4, outcome="interrupted", reason="killed", sentence=sentence)
    assert pulling.final_archives() == pulling.good_archives()
    pulling.assert_next_run_is_good()
