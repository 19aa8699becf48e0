"""One outcome: what each method foretold of every patient asked, and what happened."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.describe.disclosure import few_or
from scankin.index_build.evaluate.outcomes.cohort import OutcomeCohort, Rows
from scankin.index_build.evaluate.outcomes.features import age_and_sex, components
from scankin.index_build.evaluate.outcomes.folds import codes_of
from scankin.index_build.evaluate.outcomes.logistic import logistic_chances
from scankin.index_build.evaluate.outcomes.neighbours import Answered
from scankin.index_build.evaluate.outcomes.training import training
from scankin.retrieval.case import State
from scankin.retrieval.estimates.estimate import OutcomeEstimate
from scankin.retrieval.estimates.evidence import EVENTS_ONLY, NOBODY, Evidence, evidence_of
from scankin.retrieval.outcomes import Outcome

Floats = NDArray[np.float64]

NEIGHBOURS, BASE_RATE, AGE_SEX = "neighbours", "base rate", "age and sex"
LOGISTIC, LOGISTIC_AGE_SEX = "logistic", "logistic, age and sex"
REGRESSIONS = (LOGISTIC, LOGISTIC_AGE_SEX)
METHODS = (NEIGHBOURS, BASE_RATE, AGE_SEX, LOGISTIC, LOGISTIC_AGE_SEX)

PRIMARY = ("died_30d", "died")
"""The outcome that a claim rests on, named before looking: the first of these that can be measured."""

LEAST_ASKED, LEAST_OF_EACH = 20, 5
"""Patients with an estimate, and of them with and without the outcome: figures of fewer say nothing, and could point at
persons."""
_NOTHING = {
    EVENTS_ONLY: "of too few of the patients asked is it stated how long they were followed without it",
    NOBODY: "it is known in no patient asked",
}


@dataclass(frozen=True, eq=False)
class Told:
    """Patients in whom an outcome counts and of whom neighbours gave an estimate, one by one.

    Attributes:
        name: Of the outcome.
        places: ``[q]``: which of those answered.
        rows: ``[q]``: their films.
        happened: ``[q]``, 0 or 1.
        weights: ``[q]``: for how many like them each stands (``evidence_of``).
        bases: ``[q]``: base rate without the patient's fold.
        chances: ``[q]`` by ``METHODS``; a method that could not be fitted is absent.
        low, high: ``[q]``: the interval with the neighbours' estimate.
        sizes: ``[q]``: effective sample sizes.
        without_age: Of them, for whom age and sex say the base rate: no age is stated, or too few have one to fit it.
        abstained: Patients in whom it counts and of whom there was no estimate, by reason.
        states: Of all patients asked, counted.
        refusal: Why nothing is measured; None where something is.
    """

    name: str
    places: Rows
    rows: Rows
    happened: Floats
    weights: Floats
    bases: Floats
    chances: Mapping[str, Floats]
    low: Floats
    high: Floats
    sizes: Floats
    without_age: int
    abstained: Mapping[str, int]
    states: Mapping[State, int] = field(default_factory=dict)
    refusal: str | None = None

    @property
    def known(self) -> int:
        """Patients asked in whom it counts."""
        return len(self.rows) + sum(self.abstained.values())

    def only(self, which: NDArray[np.bool_]) -> "Told":
        """Return some of the patients; counts of those who abstained stay."""
        return replace(
            self,
            places=self.places[which],
            rows=self.rows[which],
            happened=self.happened[which],
            weights=self.weights[which],
            bases=self.bases[which],
            chances={method: held[which] for method, held in self.chances.items()},
            low=self.low[which],
            high=self.high[which],
            sizes=self.sizes[which],
        )


def told(outcome: Outcome, cohort: OutcomeCohort, answers: Answered, regressions: Sequence[str] = REGRESSIONS) -> Told:
    """Return what every method foretold, all fitted on the same patients of other folds.

    Those lost to follow-up are stood for by weights, as in publishing: whoever is censored counts in the times
    (``survival``), not here. ``regressions`` are those on the vectors that are fitted.
    """
    found = evidence_of(outcome, [cohort.records[row] for row in answers.rows], cohort.cases)
    held = [next(one for one in expected.estimates if one.name == outcome.name) for expected in answers.expected]
    counts = found.weight > 0
    given = counts & np.array([one.estimate is not None for one in held], np.bool_)
    abstained = Counter(_reason(one) for one, yes in zip(held, counts & ~given, strict=True) if yes)
    places = np.flatnonzero(given)
    some = [held[place] for place in places]
    happened = found.happened[places]
    refusal = _refusal(happened, int(counts.sum()), abstained, found)
    bases = np.array([0.5 if one.base is None else one.base.share for one in some])
    chances = {NEIGHBOURS: np.array([one.estimate for one in some], np.float64), BASE_RATE: bases}
    by_age = np.array([np.nan if one.age_sex is None else one.age_sex for one in some], np.float64)
    if np.isfinite(by_age).any():
        chances[AGE_SEX] = np.where(np.isfinite(by_age), by_age, bases)
    if refusal is None and regressions:
        chances |= _logistic(outcome, cohort, answers, places, regressions)
    return Told(
        name=outcome.name,
        places=places,
        rows=answers.rows[places],
        happened=happened,
        weights=found.weight[places],
        bases=bases,
        chances=chances,
        low=np.array([one.interval[0] for one in some if one.interval], np.float64),
        high=np.array([one.interval[1] for one in some if one.interval], np.float64),
        sizes=np.array([one.effective_n for one in some], np.float64),
        without_age=int(np.isnan(by_age).sum()),
        abstained=dict(abstained),
        states=Counter(found.states),
        refusal=refusal,
    )


def _logistic(
    outcome: Outcome, cohort: OutcomeCohort, answers: Answered, places: Rows, regressions: Sequence[str]
) -> dict[str, Floats]:
    """Return the chances by logistic regression, fitted for each fold on the first films of the other people."""
    found = {name: np.full(len(places), np.nan) for name in regressions}
    for fold, pool in enumerate(answers.pools):
        here = np.flatnonzero(answers.folds[places] == fold)
        if not len(here):
            continue
        fitted, asked = training(outcome, cohort, pool), answers.rows[places[here]]
        if fitted.is_of_one_kind:
            return {}
        there, those = components(cohort.vectors[fitted.rows], cohort.vectors[asked])
        ages = [age_and_sex([cohort.records[row] for row in some]) for some in (fitted.rows, asked)]
        given = {LOGISTIC: (there, those), LOGISTIC_AGE_SEX: (np.hstack([there, ages[0]]), np.hstack([those, ages[1]]))}
        for name in regressions:
            found[name][here] = logistic_chances(fitted, *given[name])
    return found


def codes_of_asked(outcomes: Sequence[Outcome], cohort: OutcomeCohort, rows: Rows) -> Rows:
    """Return ``[q, outcomes]``: what happened to the patients of some films, see ``codes_of``."""
    records = [cohort.records[row] for row in rows]
    return np.stack(
        [codes_of([one.of(cohort.cases[r.patient], r.day) for r in records]) for one in outcomes], axis=1
    ).reshape(len(rows), len(outcomes))


def _reason(one: OutcomeEstimate) -> str:
    """Return why there was no estimate, without the numbers that differ from query to query."""
    text = one.abstained or ""
    if text.startswith("it is known in"):
        return "too few patients of the other folds are known to fit it"
    return "too few similar patients have a known outcome" if text.startswith("too few similar") else text


def _refusal(happened: Floats, known: int, abstained: Mapping[str, int], evidence: Evidence) -> str | None:
    yes, no = int(happened.sum()), int(len(happened) - happened.sum())
    if len(happened) >= LEAST_ASKED and min(yes, no) >= LEAST_OF_EACH:
        return None
    if evidence.nothing_because is not None:
        return _NOTHING.get(evidence.nothing_because, evidence.nothing_because)
    why = max(abstained, key=lambda reason: abstained[reason]) if abstained else None
    return (
        f"of {few_or(known)} patients asked in whom it is known, {few_or(len(happened))} had an estimate "
        f"({few_or(yes)} with it, {few_or(no)} without); {LEAST_ASKED} are needed, {LEAST_OF_EACH} of each"
        + (f". Those without mostly have none because {why}" if why else "")
    )
