"""How well a fact alone separates two kinds of film: an AUC that does not overfit, with an interval over patients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

FOLDS = 5
PRIOR_FILMS = 10
"""A group's share is drawn towards the overall one as if that many more films had been seen (Micci-Barreca 2001)."""
SPLITS = 20
"""Divisions into folds whose mean is the estimate: one alone depends on its luck."""
REDRAWS = 1000
_SEED = 20200131


@dataclass(frozen=True)
class Separation:
    """An area under the ROC curve.

    Attributes:
        auc: In [0, 1]; 0.5 is chance, and what is below it is chance too, since groups are judged on other patients.
        low, high: 95 % interval, from the spread over draws of patients and folds (normal bootstrap interval).
    """

    auc: float
    low: float
    high: float


def separation(groups: Sequence[str], truth: NDArray[np.bool_], patients: Sequence[str]) -> Separation:
    """Return how well the group that a film is in tells whether ``truth`` is so.

    A film's score is the share of true films of its group among patients of the other four folds. Scores are compared
    within a fold only, since another fold's were made from other films: a fact that says nothing gives 0.5.

    Args:
        groups: One a film.
        truth: ``[films]``; both kinds must be of two patients at least.
        patients: Key of the film's patient; all films of a patient are in one fold.
    """
    _, group = np.unique(np.array(groups), return_inverse=True)
    _, patient = np.unique(np.array(patients), return_inverse=True)
    films = _Films(group, truth, patient, int(patient.max()) + 1)
    rng = np.random.default_rng(_SEED)
    value = np.mean([films.auc(np.ones(films.patients, np.intp), films.folds(rng)) for _ in range(SPLITS)])
    redrawn = [films.auc(films.redrawn(rng), films.folds(rng)) for _ in range(REDRAWS)]
    # Draws have fewer different patients, so their AUCs are lower than the estimate: only their spread is taken.
    half = float(special.ndtri(0.975) * np.std(redrawn, ddof=1))
    return Separation(float(value), max(0.0, float(value) - half), min(1.0, float(value) + half))


@dataclass(frozen=True, eq=False)
class _Films:
    """Films as numbers.

    Attributes:
        group, truth, patient: One a film.
        patients: How many.
    """

    group: NDArray[np.intp]
    truth: NDArray[np.bool_]
    patient: NDArray[np.intp]
    patients: int

    def redrawn(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return how often each patient is drawn, of as many draws as there are patients."""
        return np.bincount(rng.integers(self.patients, size=self.patients), minlength=self.patients)

    def folds(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return a fold for every patient at random; patients with a true film are spread evenly, and the others."""
        has_true = np.zeros(self.patients, bool)
        has_true[self.patient[self.truth]] = True
        order = np.lexsort((rng.random(self.patients), ~has_true))
        folds = np.empty(self.patients, np.intp)
        folds[order] = np.arange(self.patients) % FOLDS
        return folds

    def auc(self, weights: NDArray[np.intp], folds: NDArray[np.intp]) -> float:
        """Return the AUC within folds, each patient counting as often as its weight says."""
        groups = int(self.group.max()) + 1
        cell = folds[self.patient] * groups + self.group
        weight = weights[self.patient].astype(np.float64)
        true, false = (
            np.bincount(cell[kind], weight[kind], FOLDS * groups).reshape(FOLDS, groups)
            for kind in (self.truth, ~self.truth)
        )
        won = pairs = 0.0
        for fold in range(FOLDS):
            scores = _shares(true.sum(0) - true[fold], false.sum(0) - false[fold])
            won += _won(scores, true[fold], false[fold])
            pairs += float(true[fold].sum() * false[fold].sum())
        # No pair to compare, in a draw of very few patients: nothing is told.
        return won / pairs if pairs else 0.5


def _shares(true: NDArray[np.float64], false: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of true films of each group, drawn towards the overall one."""
    films = true.sum() + false.sum()
    overall = true.sum() / films if films else 0.5
    return (true + PRIOR_FILMS * overall) / (true + false + PRIOR_FILMS)


def _won(scores: NDArray[np.float64], true: NDArray[np.float64], false: NDArray[np.float64]) -> float:
    """Return in how many pairs the true film has the higher score, ties counting half (Mann and Whitney 1947)."""
    _, level = np.unique(scores.round(12), return_inverse=True)
    of_true, of_false = np.bincount(level, true), np.bincount(level, false)
    return float((of_true * (np.cumsum(of_false) - 0.5 * of_false)).sum())
