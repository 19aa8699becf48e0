"""A backtest: week after week a forecast, what came, and how well the one fits the other."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.backtest.cohort import DatedCohort
from scankin.index_build.backtest.estimates import Estimates, PastIndex, estimates_of
from scankin.index_build.backtest.scores import Scores, scores_of
from scankin.retrieval.capacity import Forecast, beds, drift_likelihood, drift_sd, needs
from scankin.retrieval.case import State
from scankin.retrieval.files import replaced
from scankin.retrieval.outcomes import Outcome
from scankin.retrieval.report import NOTICE

SCHEMA = "scankin.backtest/1"
FILE = "backtest.json"
REBUILD_DAYS = 7
"""Days after which the index is built again with what has become known."""

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, eq=False)
class Made:
    """One forecast and what came.

    Attributes:
        day: First day of the window, days since 1970-01-01.
        outcome: Name.
        patients: Admitted in the window, with an outcome that is known today.
        unknown: Admitted, but what became of them is not known: in neither the forecast nor the count.
        abstained: Of the patients.
        happened: To how many of the patients.
        forecast, base_forecast: With neighbours, and by the base rate alone.
        likelihood: Of each drift (``drift_likelihood``), with neighbours.
        drift: That the forecast was made with.
    """

    day: int
    outcome: str
    patients: int
    unknown: int
    abstained: int
    happened: int
    forecast: Forecast
    base_forecast: Forecast
    likelihood: NDArray[np.float64]
    drift: float


@dataclass(frozen=True)
class Backtest:
    """What a backtest found.

    Attributes:
        step_days: Length of a window.
        scores: By outcome; those that could never be forecast have none.
        drifts: By outcome, over all windows: what a forecast of today carries.
        made: Every forecast, by outcome and day.
    """

    step_days: int
    scores: Mapping[str, Scores]
    drifts: Mapping[str, float]
    made: tuple[Made, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the backtest as plain JSON values."""
        return {
            "schema": SCHEMA,
            "step_days": self.step_days,
            "outcomes": {
                name: {"drift": self.drifts[name], **asdict(scores)} for name, scores in sorted(self.scores.items())
            },
            "forecasts": [
                {
                    "first_day": date.fromordinal(one.day + _EPOCH).isoformat(),
                    "outcome": one.outcome,
                    "patients": one.patients,
                    "unknown": one.unknown,
                    "abstained": one.abstained,
                    "happened": one.happened,
                    "expected": round(one.forecast.mean, 3),
                    "interval_95": one.forecast.interval(0.95),
                    "drift": round(one.drift, 4),
                }
                for one in self.made
            ],
            "notice": NOTICE,
        }


def backtest(
    cohort: DatedCohort, *, step_days: int, progress: Callable[[int, int | None], None] = lambda _d, _o: None
) -> Backtest:
    """Return how forecasts fare that are made at the beginning of every window with what was known before it.

    The index is built and calibrated anew at most once in ``REBUILD_DAYS``, as a hospital would. The drift that a
    forecast carries is that of the earlier windows whose outcomes were complete by then.

    Args:
        cohort: Dated films and their patients.
        step_days: Length of a window, at least 1.
        progress: Told the windows done, and all.
    """
    admitted = cohort.index_films()
    starts = range(int(cohort.days[admitted[0]]) + 1, int(cohort.days[admitted[-1]]) + 1, step_days)
    made: list[Made] = []
    index, built = None, 0
    for number, start in enumerate(starts):
        progress(number, len(starts))
        window = [int(row) for row in admitted if start <= cohort.days[row] < start + step_days]
        if not window:
            continue
        if index is None or start - built >= REBUILD_DAYS:
            index, built = PastIndex(cohort, start), start
        answers = [index.answer(row) for row in window]
        for outcome in needs():
            states = [outcome.of(cohort.cases[cohort.records[row].patient], cohort.records[row].day) for row in window]
            known = [one[outcome.name] for one, state in zip(answers, states, strict=True) if state.is_known]
            estimates = estimates_of(known) if known else None
            if estimates is not None:
                happened = sum(state is State.HAPPENED for state in states)
                past = [one for one in made if one.outcome == outcome.name and _is_over(one, outcome, start, step_days)]
                unknown = sum(state in (State.UNKNOWN, State.CENSORED) for state in states)
                made.append(_made(start, outcome, estimates, happened, unknown, _drift_of(past)))
    by_name = {outcome.name: [one for one in made if one.outcome == outcome.name] for outcome in needs()}
    return Backtest(
        step_days=step_days,
        scores={name: scores_of(some) for name, some in by_name.items() if some},
        drifts={name: _drift_of(some) for name, some in by_name.items() if some},
        made=tuple(made),
    )


def write(found: Backtest, into: Path) -> Path:
    """Write the backtest into a folder, made when it is not there, and return the file."""
    into.mkdir(parents=True, exist_ok=True)
    replaced(into / FILE, json.dumps(found.as_json(), indent=1, sort_keys=True).encode())
    return into / FILE


def _made(day: int, outcome: Outcome, estimates: Estimates, happened: int, unknown: int, drift: float) -> Made:
    group = estimates.group
    chances = np.concatenate([group.means, np.full(group.abstained, group.base_rate)])
    return Made(
        day=day,
        outcome=outcome.name,
        patients=len(group),
        unknown=unknown,
        abstained=group.abstained,
        happened=happened,
        forecast=beds(group, drift),
        base_forecast=beds(estimates.base_only, drift),
        likelihood=drift_likelihood(chances, happened),
        drift=drift,
    )


def _is_over(one: Made, outcome: Outcome, day: int, step_days: int) -> bool:
    return one.day + step_days + (outcome.horizon_days or 0) <= day


def _drift_of(past: list[Made]) -> float:
    return drift_sd([one.likelihood for one in past])
