"""Which files of an archive are read back: few, from all over it, never too much."""

from __future__ import annotations

import pytest

from appliance.plan.sample import MOST_BYTES, MOST_FILES, Member, Sample


def sampled(*sizes: int) -> Sample:
    sample = Sample()
    for number, size in enumerate(sizes):
        sample.offer(Member(f"file-{number}", size))
    return sample


def test_of_a_few_files_all_are_read() -> None:
    assert sorted(member.path for member in sampled(1, 2, 3).chosen()) == ["file-0", "file-1", "file-2"]


def test_the_largest_file_is_read_wherever_it_is() -> None:
    sizes = [1] * 10_000
    sizes[7777] = 1 << 20

    assert Member("file-7777", 1 << 20) in sampled(*sizes).chosen()


@pytest.mark.parametrize("count", [26, 50, 51, 1000, 100_000])
def test_of_many_files_some_are_read_from_the_first_quarter_to_the_last(count: int) -> None:
    sample = sampled(*[1] * count)

    numbers = sorted(int(member.path.removeprefix("file-")) for member in sample.chosen())

    assert sample.offered == count
    assert MOST_FILES / 2 <= len(numbers) <= MOST_FILES
    assert len(set(numbers)) == len(numbers)
    assert numbers[0] < count / 4
    assert numbers[-1] >= count * 3 / 4


def test_empty_files_prove_nothing_and_huge_ones_take_too_long() -> None:
    sample = sampled(0, 1 << 40, 5)

    assert [member.size for member in sample.chosen()] == [5]
    assert sample.offered == 3


def test_large_files_together_stay_within_the_limit() -> None:
    chosen = sampled(*[50 << 20] * 20).chosen()

    assert len(chosen) == 5
    assert sum(member.size for member in chosen) <= MOST_BYTES


def test_an_archive_without_files_has_no_sample() -> None:
    assert sampled().chosen() == ()


def test_where_all_files_are_huge_the_smallest_is_begun() -> None:
    sample = sampled(0, 1 << 40, 1 << 30, 1 << 35)

    assert sample.chosen() == ()
    assert sample.beginning() == Member("file-2", 1 << 30)


@pytest.mark.parametrize("sizes", [(), (0, 0), (1 << 40, 5)])
def test_nothing_is_begun_where_files_are_read_whole_or_none_holds_anything(sizes: tuple[int, ...]) -> None:
    assert sampled(*sizes).beginning() is None
