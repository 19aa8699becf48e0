"""Which counts are shown, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scankin.index_build.describe.disclosure import WITHHELD, Grid, few_or, hidden


def test_small_counts_are_hidden_and_zeros_are_not() -> None:
    found = hidden(np.array([[1], [4], [5], [0], [90]]), down=True, across=False)
    assert found.ravel().tolist() == [True, True, False, False, False]  # 1 + 4 = 5: no sum gives either away


def test_one_small_count_alone_takes_the_next_smallest_with_it() -> None:
    # Of 3, 20 and 30 with the sum 53 known, 53 - 20 - 30 would give the 3 away.
    assert hidden(np.array([[3], [20], [30]]), down=True, across=False).ravel().tolist() == [True, True, False]


def test_small_counts_of_fewer_than_five_together_take_another() -> None:
    # Two hidden cells that sum to 2 are one each.
    assert hidden(np.array([[1], [1], [9], [30]]), down=True, across=False).ravel().tolist() == [
        True,
        True,
        True,
        False,
    ]


def test_rows_with_known_sums_are_treated_alike() -> None:
    counts = np.array([[2, 10, 12], [20, 30, 50]])
    # The row hides the 10 with the 2; each column then hides its only other cell.
    assert hidden(counts, down=True, across=True).tolist() == [[True, True, False], [True, True, False]]
    assert hidden(counts, down=False, across=True).tolist() == [[True, True, False], [False, False, False]]


def test_a_sum_that_is_small_itself_leaves_nothing_more_to_hide() -> None:
    assert hidden(np.array([[3], [0]]), down=True, across=False).ravel().tolist() == [True, False]


def test_scans_of_few_patients_are_hidden_however_many_they_are() -> None:
    counted = [("small", "films", f"p{n % 2}") for n in range(40)] + [("large", "films", f"q{n}") for n in range(6)]
    counted += [("larger", "films", f"r{n}") for n in range(9)]
    grid = Grid.of("centre", counted, columns=["films"], rows=["large", "larger", "small"])
    assert grid.items.ravel().tolist() == [6, 9, 40]
    assert grid.cells() == [[WITHHELD], ["9"], ["<5"]]
    assert grid.hidden_last().rows == ("larger", "large", "small")


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 20]), min_size=width, max_size=width),
            min_size=1,
            max_size=6,
        )
    ),
    st.booleans(),
    st.booleans(),
)
def test_what_is_hidden_cannot_be_worked_out_of_a_sum(cells: list[list[int]], down: bool, across: bool) -> None:
    counts = np.array(cells)
    found = hidden(counts, down=down, across=across)
    assert found[(counts > 0) & (counts < 5)].all() and not found[counts == 0].any()
    lines = [(counts.ravel(), found.ravel())]
    lines += zip(counts.T, found.T, strict=True) if down else []
    lines += zip(counts, found, strict=True) if across else []
    for line, of_line in lines:
        is_all = bool((line[~of_line] == 0).all())  # then the sum is that of the hidden, and as few
        assert not of_line.any() or is_all or (of_line.sum() >= 2 and line[of_line].sum() >= 5)


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (1, "<5"), (4, "<5"), (5, "5"), (1234, "1,234")])
def test_a_count_that_stands_alone(count: int, text: str) -> None:
    assert few_or(count) == text
