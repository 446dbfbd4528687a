"""The ledger's arithmetic is that of a set of numbers."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.wire.ranges import Range, Ranges, runs

spans = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 8)).map(lambda s: (s[0], s[0] + s[1])), max_size=30)


@given(spans)
def test_ranges_hold_just_what_was_added(added: list[tuple[int, int]]) -> None:
    ranges = Ranges()
    for first, last in added:
        ranges.add(first, last)
    expected = {n for first, last in added for n in range(first, last + 1)}
    assert {n for n in range(1, 80) if n in ranges} == expected


@given(spans)
def test_the_form_is_the_shortest_and_survives_a_round_trip(added: list[tuple[int, int]]) -> None:
    ranges = Ranges(sparse=added)
    assert ranges.upto + 1 not in ranges
    assert all(a.last + 1 < b.first for a, b in zip(ranges.sparse, ranges.sparse[1:], strict=False))
    assert Ranges(ranges.upto, ranges.sparse) == ranges


def test_copy_changes_by_itself() -> None:
    ranges = Ranges(3, [(7, 8)])
    twin = ranges.copy()
    twin.add(10, 11)
    assert (ranges, twin) == (Ranges(3, [(7, 8)]), Ranges(3, [(7, 8), (10, 11)]))


def test_runs_join_what_follows() -> None:
    assert list(runs([1, 2, 3, 7, 9, 10])) == [Range(1, 3), Range(7, 7), Range(9, 10)]
    assert list(runs([])) == []
