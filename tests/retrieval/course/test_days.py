import math

import numpy as np
import pytest
from builders import a_record

from scankin.retrieval.case import Case, Clock, Event, EventKind
from scankin.retrieval.course.asked import TimeAsked
from scankin.retrieval.course.days import QueryDays, day_columns, days_likeness, days_of
from scankin.retrieval.errors import InvalidRequest

ADMISSION, ONSET, SWAB = EventKind.ADMISSION, EventKind.SYMPTOM_ONSET, EventKind.POSITIVE_SWAB


def a_case(**days: int) -> Case:
    return Case("p", "test", Clock.CALENDAR, tuple(Event(EventKind(kind), True, day) for kind, day in days.items()))


def test_days_are_those_from_the_first_of_each_kind_to_the_scan() -> None:
    case = Case("p", "test", Clock.CALENDAR, tuple(Event(SWAB, True, day) for day in (18, 14)))
    assert days_of(a_record(1, day=20), case) == {ADMISSION: None, ONSET: None, SWAB: 6}
    assert days_of(a_record(1, day=20, days_since_admission=-1), a_case(admission=5))[ADMISSION] == -1
    assert set(days_of(a_record(1), a_case(admission=5)).values()) == {None}


def test_likeness_in_days_is_the_mean_kernel_over_the_anchors_that_both_know() -> None:
    asked = QueryDays(since_admission=4, since_swab=6)
    columns = np.array(
        [
            [4, 9, 6],  # the same on both shared anchors; the symptoms are not asked about
            [10, np.nan, 6],  # six days apart on one: (1/e + 1) / 2
            [np.nan, 3, np.nan],  # nothing shared
            [-8, np.nan, np.nan],  # twelve days apart on the only one: 1/e^2
        ]
    )
    values = days_likeness(asked, columns, 0.3).values
    assert values[[0, 1, 3]] == pytest.approx([1.0, (1 / math.e + 1) / 2, math.exp(-2)])
    assert math.isnan(values[2])


def test_columns_hold_nan_where_a_day_is_not_known() -> None:
    records = [a_record(1, "pa", day=20), a_record(2, "pb")]
    columns = day_columns(records, {"pa": a_case(admission=17), "pb": a_case(admission=17)})
    assert columns[0, 0] == 3 and np.isnan(columns[0, 1:]).all() and np.isnan(columns[1]).all()


@pytest.mark.parametrize(("name", "value"), [("since_admission", 5000), ("since_swab", -400), ("since_onset", 3651)])
def test_days_that_cannot_be_are_named(name: str, value: int) -> None:
    with pytest.raises(InvalidRequest, match=f"days_{name} is {value}; -365 to 3,650"):
        QueryDays(**{name: value})


@pytest.mark.parametrize("weight", [-0.1, 10.1, math.nan, math.inf])
def test_a_weight_out_of_its_range_is_named(weight: float) -> None:
    with pytest.raises(InvalidRequest, match="days_weight"):
        TimeAsked(days_weight=weight)
    with pytest.raises(InvalidRequest, match="trajectory_weight"):
        TimeAsked(trajectory_weight=weight)
