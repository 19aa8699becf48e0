import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import a_record, an_identity, unit

from scankin.index_build.backtest.cohort import DatedCohort
from scankin.index_build.backtest.estimates import PastIndex
from scankin.index_build.backtest.page import write_page
from scankin.index_build.backtest.run import Backtest, backtest, write
from scankin.index_build.backtest.scores import pit_heights, scores_of
from scankin.retrieval.capacity import Forecast
from scankin.retrieval.case import Case, Clock, Event, EventKind

DIM, PATIENTS, DAYS = 6, 260, 120
FIRST = 18_300


def a_cohort(seed: int = 1, *, later: int | None = None) -> DatedCohort:
    """Patients whose first coordinate drives intensive care, all followed for 60 days.

    ``later``: a seed by which everything that comes from day ``FIRST + 80`` on is drawn anew.
    """
    rng = np.random.default_rng(seed)
    days = np.sort(FIRST + rng.integers(0, DAYS, PATIENTS))
    lean = rng.normal(size=PATIENTS)
    vectors = unit(np.column_stack([lean, rng.normal(size=(PATIENTS, DIM - 1)) * 0.3, np.ones(PATIENTS)])[:, :DIM])
    falls = rng.random(PATIENTS) < 1 / (1 + np.exp(-2 * lean))
    waits = rng.integers(0, 7, PATIENTS)
    cases, records = {}, []
    for number in range(PATIENTS):
        record = a_record(number, day=int(days[number]))
        day = int(days[number]) + int(waits[number])
        events: tuple[Event, ...] = (Event(EventKind.ADMISSION, True, int(days[number])),)
        for kind in (EventKind.ICU_ADMISSION, EventKind.INTUBATION):
            events += (Event(kind, bool(falls[number]), day if falls[number] else None),)
        alive = int(days[number]) + 60
        if later is not None and day >= FIRST + 80:
            events = tuple(Event(e.kind, True, day) if e.kind is EventKind.INTUBATION else e for e in events)
        if later is not None and alive >= FIRST + 80:
            alive += later
        records.append(record)
        cases[record.patient] = Case(record.patient, "test", Clock.CALENDAR, events, alive)
    return DatedCohort(tuple(records), vectors, np.arange(PATIENTS), days, cases, an_identity(DIM))


@pytest.fixture(scope="module")
def found() -> Backtest:
    return backtest(a_cohort(), step_days=14)


def test_nothing_of_the_day_or_later_informs_its_forecast() -> None:
    """Everything that came from day 80 on is changed, films taken later too: answers of day 80 are the same numbers."""
    cohort, other = a_cohort(), a_cohort(later=9)
    row = int(np.searchsorted(cohort.days, FIRST + 80))
    cut = replace(other, vectors=np.where(np.arange(PATIENTS)[:, None] > row, -other.vectors, other.vectors))
    assert cohort.cases != other.cases
    before, after = PastIndex(cohort, FIRST + 80).answer(row), PastIndex(cut, FIRST + 80).answer(row)
    assert before == after and any(one.estimate is not None for one in before.values())


def test_the_own_patient_never_answers() -> None:
    """Two films of one patient: the first answers others, and does not count for the second."""
    cohort = a_cohort()
    row = int(np.searchsorted(cohort.days, FIRST + 100))
    alone = PastIndex(cohort, FIRST + 100).answer(row)
    people = cohort.people.copy()
    people[10] = people[row]  # whose week was over long before
    joined = PastIndex(replace(cohort, people=people), FIRST + 100).answer(row)
    assert joined["intensive_care_7d"].patients == alone["intensive_care_7d"].patients - 1


def test_every_forecast_is_of_the_patients_whose_outcome_is_known(found: Backtest) -> None:
    cohort = a_cohort()
    for one in found.made:
        inside = (cohort.days >= one.day) & (cohort.days < one.day + 14)
        assert one.patients + one.unknown == inside.sum() and one.forecast.patients == one.patients
        assert 0 <= one.abstained <= one.patients and one.happened <= one.patients


def test_the_drift_of_a_forecast_knows_only_windows_that_were_over(found: Backtest) -> None:
    first = [one for one in found.made if one.outcome == "intensive_care_14d"][:2]
    assert [one.drift for one in first] == [0.0, 0.0], "14 days of window and 14 of horizon are not over yet"


def test_neighbours_beat_the_base_rate_where_vectors_carry_the_risk(found: Backtest) -> None:
    scores = found.scores["intensive_care_7d"]
    assert scores.crps < scores.base_crps
    assert scores.coverage["95"].share >= 0.8 and scores.coverage["95"].windows == scores.windows


def test_the_file_and_the_page_hold_the_scores(found: Backtest, tmp_path: Path) -> None:
    raw = json.loads(write(found, tmp_path / "out").read_text())
    page = write_page(found, tmp_path / "out").read_text()
    assert raw["outcomes"].keys() == found.scores.keys() == found.drifts.keys()
    assert len(raw["forecasts"]) == len(found.made) and "Research use only" in raw["notice"] and "Research" in page
    assert "://" not in page and page.count("<svg") == len(found.scores)


class Came:
    """A forecast of one number, and what came."""

    abstained = 0

    def __init__(self, forecast: Forecast, happened: int, base: Forecast) -> None:
        self.forecast, self.happened, self.base_forecast = forecast, happened, base
        self.patients = forecast.patients


def test_forecasts_that_what_comes_is_drawn_from_are_flat_and_covered() -> None:
    rng = np.random.default_rng(2)
    even = np.full(21, 1 / 21)
    wide = Forecast(even)
    made = [Came(wide, int(n), wide) for n in rng.integers(0, 21, 4000)]
    assert pit_heights(made) == pytest.approx([1.0] * 10, abs=0.12)
    # central intervals of 21 equal numbers: 5 to 15 (11 of 21), 2 to 18 (17 of 21), 0 to 20 (all)
    assert [one.share for one in scores_of(made).coverage.values()] == pytest.approx([11 / 21, 17 / 21, 1], abs=0.02)
    assert scores_of(made).crps_less_base == 0
