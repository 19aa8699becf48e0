import numpy as np
import pytest
from builders import a_record
from sksurv.nonparametric import cumulative_incidence_competing_risks, kaplan_meier_estimator

from scankin.retrieval.case import Case, Event, EventKind
from scankin.retrieval.estimates.curves import HORIZON_DAYS, Curve, Times, curve, times_of
from scankin.retrieval.estimates.posterior import Shape

SHAPE = Shape(1.0)
"""Nothing chose the patients: bands count them all."""

DEATH, ITU = EventKind.DEATH, EventKind.ICU_ADMISSION


def drawn(kind: EventKind, cases: list[Case]) -> Times:
    records = [a_record(number, case.patient, day=0) for number, case in enumerate(cases)]
    return times_of(kind, records, {case.patient: case for case in cases})


def of_all(times: Times, weights: np.ndarray | None = None) -> Curve:
    found = curve(
        "x", times, np.arange(len(times.days)), np.ones(len(times.days)) if weights is None else weights, SHAPE
    )
    assert found is not None
    return found


def some_cases(seed: int) -> list[Case]:
    """Deaths on days 0 to 29, everybody else followed for at least 30 days: nobody is lost."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(40):
        dies, itu = rng.random() < 0.4, rng.random() < 0.4
        day, death = int(rng.integers(0, 15)), int(rng.integers(15, 30))
        events = [Event(DEATH, dies, death if dies else None), Event(ITU, itu, day if itu else None)]
        made.append(Case(f"p{number}", "test", events=tuple(events), last_seen_alive=None if dies else 31 + number))
    return made


@pytest.mark.parametrize("seed", [1, 2])
def test_with_nobody_lost_death_is_kaplan_and_meiers_by_other_software(seed: int) -> None:
    cases = some_cases(seed)
    weights = np.random.default_rng(seed).integers(1, 4, len(cases))
    times = drawn(DEATH, cases)
    found = of_all(times, weights.astype(float))
    days = np.minimum(times.days, 31).repeat(weights)  # a patient of weight 3 is three patients
    at, survival = kaplan_meier_estimator(times.is_event.repeat(weights), days)
    for day, alive in zip(at, survival, strict=True):
        if day <= HORIZON_DAYS:
            assert found.happened[day] == pytest.approx(1 - alive)


@pytest.mark.parametrize("seed", [1, 2])
def test_with_nobody_lost_intensive_care_is_aalen_and_johansens_by_other_software(seed: int) -> None:
    times = drawn(ITU, some_cases(seed))
    found = of_all(times)
    kinds = times.is_event.astype(int) + 2 * times.is_competing.astype(int)
    at, incidence = cumulative_incidence_competing_risks(kinds, times.days)
    for day, (itu, death) in zip(at, incidence[1:].T, strict=True):
        if day <= HORIZON_DAYS:
            assert (found.happened[day], found.competing[day]) == (pytest.approx(itu), pytest.approx(death))


def test_the_band_of_death_has_greenwoods_variance() -> None:
    # 4 patients, deaths on days 1 and 2: S = 3/4, 1/2; Greenwood: 1/4 * (1/(4*3) + 1/(3*2)) = 1/16 = S(1-S)/4.
    cases = [
        *(Case(f"p{n}", "test", events=(Event(DEATH, True, n),)) for n in (1, 2)),
        *(Case(f"p{n}", "test", events=(Event(DEATH, False),), last_seen_alive=40) for n in (3, 4)),
    ]
    found = of_all(drawn(DEATH, cases))
    # Wilson at 2 of 4 (Newcombe's formula by hand): centre 0.5, half width 1.96 * sqrt(0.25/4 + 1.96^2/64) / 1.9604.
    assert (found.low[2], found.high[2]) == pytest.approx((0.15, 0.85), abs=1e-3)
    assert found.at_risk[:4].tolist() == [4, 4, 3, 2]


def test_survivors_still_followed_stand_for_those_lost() -> None:
    # One death on day 10; of four survivors two are lost on day 5: one in five dies, not one in three.
    cases = [
        Case("p1", "test", events=(Event(DEATH, True, 10),)),
        *(
            Case(f"p{n}", "test", events=(Event(DEATH, False),), last_seen_alive=5 if n < 4 else 40)
            for n in range(2, 6)
        ),
    ]
    assert of_all(drawn(DEATH, cases)).happened[30] == pytest.approx(1 / 5)


def test_a_collection_that_dates_only_events_has_no_curve() -> None:
    cases = [Case("p1", "test", events=(Event(DEATH, True, 10),)), Case("p2", "test", events=(Event(DEATH, False),))]
    times = drawn(DEATH, cases)
    assert curve("x", times, np.arange(2), np.ones(2), SHAPE) is None
