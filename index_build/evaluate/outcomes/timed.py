"""One kind of event over 30 days: what each method foretold of every patient asked who was followed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.describe.disclosure import few_or
from scankin.index_build.evaluate.outcomes.cohort import OutcomeCohort, Rows
from scankin.index_build.evaluate.outcomes.cox import cox_curves
from scankin.index_build.evaluate.outcomes.features import age_and_sex, components
from scankin.index_build.evaluate.outcomes.neighbours import Answered
from scankin.index_build.evaluate.outcomes.survival import Followed, followed, some_of
from scankin.index_build.evaluate.outcomes.told import AGE_SEX, BASE_RATE, NEIGHBOURS
from scankin.index_build.evaluate.outcomes.training import inner
from scankin.retrieval.estimates.curves import CURVE_OUTCOMES, HORIZON_DAYS, curve, times_of
from scankin.retrieval.estimates.posterior import Shape

Floats = NDArray[np.float64]

COX, COX_AGE_SEX = "Cox", "Cox, age and sex"
METHODS = (NEIGHBOURS, BASE_RATE, AGE_SEX, COX, COX_AGE_SEX)
LEAST_FOLLOWED, LEAST_EVENTS = 20, 5
"""Patients followed who had a curve, and events among them within 30 days, below which nothing is told."""


@dataclass(frozen=True, eq=False)
class Timed:
    """Patients with a time of whom neighbours gave a curve, one by one.

    Attributes:
        name: Of the outcome that the curve leads up to.
        rows: ``[q]``: their films.
        held: Their times.
        curves: ``[q, HORIZON_DAYS + 1]`` by ``METHODS``; base rate is Aalen and Johansen's curve (for death Kaplan and
            Meier's) of the other folds, age and sex a Cox regression on these alone.
        events, competing, censored: Of them: with the event within 30 days, dead without it, lost or followed without.
        without_time: Patients asked with no time: no day, no follow-up, or not at risk.
        refusal: Why nothing is measured; None where something is.
    """

    name: str
    rows: Rows
    held: Followed | None
    curves: Mapping[str, Floats]
    events: int
    competing: int
    censored: int
    without_time: int
    refusal: str | None = None


def timed(name: str, cohort: OutcomeCohort, answers: Answered) -> Timed:
    """Return what every method foretold of the days to an event, all fitted on the same patients of other folds."""
    kind = CURVE_OUTCOMES[name]
    records = [cohort.records[row] for row in answers.rows]
    times = times_of(kind, records, cohort.cases)
    said = [next((one for one in expected.curves if one.name == name), None) for expected in answers.expected]
    places = np.flatnonzero((times.days >= 0) & np.array([one is not None for one in said], np.bool_))
    some = some_of(times, places)
    within = some.days <= HORIZON_DAYS
    events, competing = int((some.is_event & within).sum()), int((some.is_competing & within).sum())
    refusal = None
    if len(places) < LEAST_FOLLOWED or events < LEAST_EVENTS:
        refusal = (
            f"{few_or(len(places))} patients asked are followed and had a curve, {few_or(events)} with the event "
            f"within {HORIZON_DAYS} days; {LEAST_FOLLOWED} and {LEAST_EVENTS} are needed"
        )
    curves: dict[str, Floats] = {}
    if refusal is None:
        curves = {NEIGHBOURS: np.array([one.happened for place in places if (one := said[place]) is not None])}
        curves |= _fitted(name, cohort, answers, places)
    return Timed(
        name=name,
        rows=answers.rows[places],
        held=followed(some) if refusal is None else None,
        curves=curves,
        events=events,
        competing=competing,
        censored=len(places) - events - competing,
        without_time=len(records) - int((times.days >= 0).sum()),
        refusal=refusal,
    )


OF_ALL = Shape(1.0)
"""No score chose the patients of a curve of all."""


def _fitted(name: str, cohort: OutcomeCohort, answers: Answered, places: Rows) -> dict[str, Floats]:
    shape = (len(places), HORIZON_DAYS + 1)
    found = {method: np.full(shape, np.nan) for method in METHODS if method != NEIGHBOURS}
    for fold, pool in enumerate(answers.pools):
        here = np.flatnonzero(answers.folds[places] == fold)
        if not len(here):
            continue
        fitted = np.intersect1d(cohort.firsts, pool)
        times = times_of(CURVE_OUTCOMES[name], [cohort.records[row] for row in fitted], cohort.cases)
        is_held = np.flatnonzero(times.days >= 0)
        base = curve(name, times, np.arange(len(fitted)), np.ones(len(fitted)), OF_ALL)
        if base is None or not (times.is_event[is_held] & (times.days[is_held] <= HORIZON_DAYS)).any():
            continue
        found[BASE_RATE][here] = base.happened
        some = some_of(times, is_held)
        rows, asked = fitted[is_held], answers.rows[places[here]]
        folds = inner(cohort, rows, (some.is_event & (some.days <= HORIZON_DAYS)).astype(np.float64))
        there, those = components(cohort.vectors[rows], cohort.vectors[asked])
        ages = [age_and_sex([cohort.records[row] for row in held]) for held in (rows, asked)]
        found[COX][here] = cox_curves(there, some, folds, those)
        found[AGE_SEX][here] = cox_curves(ages[0], some, folds, ages[1])
        found[COX_AGE_SEX][here] = cox_curves(np.hstack([there, ages[0]]), some, folds, np.hstack([those, ages[1]]))
    return {method: said for method, said in found.items() if np.isfinite(said).all()}
