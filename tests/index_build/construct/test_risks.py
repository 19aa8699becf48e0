from datetime import date, timedelta

import numpy as np
import pytest

from scankin.index_build.construct.course import Course, chance, course_of
from scankin.index_build.construct.risks import true_risks

DAY = date(2020, 4, 1)
COUNT = 4000


@pytest.fixture(scope="module")
def drawn() -> list[tuple[Course, date, dict[str, float]]]:
    rng = np.random.default_rng(3)
    made = []
    for number, age in enumerate(rng.uniform(30, 95, COUNT)):
        course = course_of(rng, age=float(age), swab=DAY)
        film = course.admitted + timedelta(days=number % 5)
        if course.died is None or course.died >= film:
            made.append((course, film, true_risks(course, float(age), film)))
    return made


def _happens(on: date | None, film: date, days: int | None) -> bool:
    return on is not None and (days is None or 0 <= (on - film).days <= days)


@pytest.mark.parametrize("name", ["died", "intensive_care", "intubated"])
@pytest.mark.parametrize("days", [None, 7, 30])
def test_of_those_with_the_same_risk_so_many_are_drawn_to_have_the_event(
    drawn: list[tuple[Course, date, dict[str, float]]], name: str, days: int | None
) -> None:
    key = name if days is None else f"{name}_{days}d"
    risks, happened = [], []
    for course, film, chances in drawn:
        on = {"died": course.died, "intensive_care": course.itu, "intubated": course.intubated}[name]
        risks.append(chances[key])
        happened.append(_happens(on, film, days))
    order = np.argsort(risks, kind="stable")
    for part in np.array_split(order, 6):
        expected, found = np.array(risks)[part], np.array(happened)[part]
        spread = np.sqrt((expected * (1 - expected)).sum())
        assert abs(found.sum() - expected.sum()) <= 4 * spread + 1e-6


def test_a_patient_in_whom_it_had_happened_is_not_at_risk_within_days() -> None:
    admitted = DAY
    course = Course(0.8, DAY, DAY, admitted, admitted, None, None, admitted + timedelta(days=20), None)
    risks = true_risks(course, 60.0, admitted + timedelta(days=3))
    assert risks["intensive_care"] == pytest.approx(1.0)
    assert risks["intensive_care_7d"] == 0.0


def test_the_risk_of_death_at_admission_is_the_mean_over_the_ways_the_illness_may_run() -> None:
    course = Course(0.5, DAY, DAY, DAY, None, None, None, DAY + timedelta(days=9), None)
    risks = true_risks(course, 90.0, DAY - timedelta(days=1))
    itu = 0.08 * chance(0.5, 0.70, 14)
    tube = itu * (0.35 + 0.25)
    plain, tubed = chance(0.5 + 24 / 130, 0.665, 11), chance(0.5 + 24 / 130 + 0.06, 0.665, 11)
    assert risks["died"] == pytest.approx((1 - tube) * plain + tube * tubed)
    assert risks["intensive_care"] == pytest.approx(itu)
