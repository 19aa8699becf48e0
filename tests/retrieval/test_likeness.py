"""Likeness in other respects than the picture."""

import numpy as np
import pytest

from scankin.retrieval.likeness import Likeness, added


def test_what_is_not_known_adds_nothing() -> None:
    days = Likeness("days", 0.5, np.array([1.0, np.nan, 0.4]))
    facts = Likeness("facts", 0.1, np.array([np.nan, np.nan, 1.0]))
    assert added([days, facts]) == pytest.approx([0.5, 0.0, 0.3])
    assert (days.of(0), days.of(1)) == (1.0, None)


def test_a_weight_of_zero_leaves_the_order_to_the_picture() -> None:
    assert added([]) is None
    assert added([Likeness("days", 0.0, np.array([1.0]))]) is None


@pytest.mark.parametrize(("weight", "value"), [(-0.1, 0.5), (0.1, 1.5), (0.1, -0.5)])
def test_likeness_outside_its_range_is_a_fault(weight: float, value: float) -> None:
    with pytest.raises(ValueError, match="within 0 and 1"):
        Likeness("days", weight, np.array([value]))
