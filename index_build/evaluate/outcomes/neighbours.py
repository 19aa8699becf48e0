"""What alike patients say of patients held out: the estimator of each outer fold, calibrated as publishing does it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scankin.index_build.calibrate.fit import calibrate
from scankin.index_build.evaluate.outcomes.cohort import OutcomeCohort, Rows
from scankin.retrieval.encoder import Embeddings
from scankin.retrieval.estimates.estimate import Estimator, Expected
from scankin.retrieval.estimates.kernel import PatientRows
from scankin.retrieval.scan import Modality

SHOWN = 10
"""Neighbours whose groups are counted: about as many as a clinician is shown."""

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, eq=False)
class Answered:
    """What was said of each patient asked, by films of patients of other folds.

    Attributes:
        rows: ``[q]``: the films that asked and that somebody of their age group could answer.
        folds: ``[q]``: fold of each.
        expected: ``[q]``: as a report would have it.
        nearest: ``[q]``: rows of the films of the ``SHOWN`` most similar patients of each, most similar first.
        pools: By fold: rows that may answer.
    """

    rows: Rows
    folds: Rows
    expected: tuple[Expected, ...]
    nearest: tuple[Rows, ...]
    pools: tuple[Rows, ...]

    def overlaps(self, people: Rows) -> int:
        """Return of how many patients asked a film was in the index that answered; it must be 0 (T6).

        Args:
            people: ``[n]``: number of the patient of every film of the cohort.
        """
        held = [set(people[pool].tolist()) for pool in self.pools]
        return sum(int(people[row]) in held[fold] for row, fold in zip(self.rows, self.folds, strict=True))


def answered(cohort: OutcomeCohort, rows: Rows, folds: Rows, progress: Progress = lambda _done, _of: None) -> Answered:
    """Return what each film's question was answered with.

    Args:
        cohort: All films. Those of people who never ask are in every index.
        rows: ``[q]``: films that ask, one a person.
        folds: ``[q]``: fold of each, from 0.
        progress: Told the folds done, and all.
    """
    count = int(folds.max(initial=-1)) + 1
    expected: dict[int, Expected] = {}
    nearest: dict[int, Rows] = {}
    pools = []
    for fold in range(count):
        progress(fold, count)
        asked = rows[folds == fold]
        pool = np.flatnonzero(~np.isin(cohort.people, cohort.people[asked]))
        pools.append(pool)
        index = cohort.index_of(pool)
        calibration = calibrate({Modality.XRAY: index}, cohort.cases)[Modality.XRAY]
        estimator = Estimator(index.records, cohort.cases, calibration)
        people = PatientRows(cohort.people[pool])
        for row in asked.tolist():
            record = cohort.records[row]
            cosines = index.similarities(Embeddings(cohort.vectors[[row]], cohort.encoder))
            allowed = cohort.is_child[pool] == cohort.is_child[row]
            if not allowed.any():
                continue
            expected[row] = estimator.answer(cohort.vectors[row], cosines, allowed, record.age, record.sex)
            best = people.best(cosines, allowed)
            nearest[row] = pool[best.rows[np.argsort(-best.similarities, kind="stable")[:SHOWN]]]
    progress(count, count)
    is_answered = np.isin(rows, list(expected))
    return Answered(
        rows[is_answered],
        folds[is_answered],
        tuple(expected[row] for row in rows[is_answered].tolist()),
        tuple(nearest[row] for row in rows[is_answered].tolist()),
        tuple(pools),
    )
