"""A little of what `make torture` fuzzes: whatever a client says ends in a value or in a declared refusal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

SEEDS = seeds()
# Of listings, complaints, packets; each in a place where the others mean something else.
SPLINTERS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"end\0", b"\0done 0\0", b"# file: /\n", b"\n\n", b"//\n", b"\0", b"'", b"\\", b"pullfs: ready "]),
    st.sampled_from([b"\xff" * 4, b"\0\0\0\1", b"\x7f" + b"\xff" * 7, b"9" * 30, b"\x66", b"\x68", b"\x65"]),
)


def test_every_target_has_seeds() -> None:
    assert SEEDS.keys() == TARGETS.keys()
    assert all(SEEDS.values())


@pytest.mark.parametrize("target", TARGETS)
def test_what_honest_clients_say_is_no_finding(target: str) -> None:
    for seed in SEEDS[target]:
        TARGETS[target](seed)


@pytest.mark.parametrize("target", TARGETS)
def test_whatever_else_a_client_says_is_none_either(target: str) -> None:
    @given(st.sampled_from(SEEDS[target]), st.integers(0, 1 << 14), st.integers(0, 64), st.lists(SPLINTERS, max_size=4))
    def broken(seed: bytes, place: int, gone: int, splinters: list[bytes]) -> None:
        place %= len(seed) + 1
        TARGETS[target](seed[:place] + b"".join(splinters) + seed[place + gone :])

    broken()
