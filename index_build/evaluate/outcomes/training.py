"""Who a regression of one outer fold is fitted on: one film a patient of the other folds, weighted for those lost."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.outcomes.cohort import OutcomeCohort, Rows
from scankin.index_build.evaluate.outcomes.folds import dealt
from scankin.retrieval.estimates.evidence import evidence_of
from scankin.retrieval.outcomes import Outcome

INNER_FOLDS = 4
"""On which a penalty is chosen."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Training:
    """First films of patients in whom an outcome counts.

    Attributes:
        rows: ``[n]``.
        happened: ``[n]``, 0 or 1.
        weights: ``[n]``: for how many each stands.
        folds: ``[n]``: inner fold of each.
    """

    rows: Rows
    happened: Floats
    weights: Floats
    folds: Rows

    @property
    def is_of_one_kind(self) -> bool:
        """Whether it happened to all of them or to none, so that nothing can be fitted."""
        return len(set(self.happened.tolist())) < 2


def training(outcome: Outcome, cohort: OutcomeCohort, pool: Rows) -> Training:
    """Return the patients of a pool of films."""
    rows = np.intersect1d(cohort.firsts, pool)
    found = evidence_of(outcome, [cohort.records[row] for row in rows], cohort.cases)
    counts = found.weight > 0
    rows, happened, weights = rows[counts], found.happened[counts], found.weight[counts]
    return Training(rows, happened, weights, inner(cohort, rows, happened))


def inner(cohort: OutcomeCohort, rows: Rows, happened: NDArray[np.float64]) -> Rows:
    """Return the inner fold of each patient, those in whom it happened dealt evenly."""
    codes = 1 + happened.astype(np.int64)[:, np.newaxis]
    return dealt(codes, [cohort.records[row].patient for row in rows], INNER_FOLDS)
