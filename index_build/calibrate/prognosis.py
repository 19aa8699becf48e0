"""Fits the direction of the vectors in which an outcome changes; no patient's outcome takes part in their own score."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.estimates.prognosis import Prognosis

COMPONENTS = 100
"""Directions of most variance that are looked at; at most a third of the patients, so that some are left to judge."""

_PENALTIES = np.logspace(-4, 0, 9)
"""Tried, in units of the greatest eigenvalue."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Parts:
    """The vectors of an index along their principal components.

    Attributes:
        values: ``[n, c]`` float64, row by row with the index.
        axes: ``[c, dim]``, orthonormal.
        centre: ``[dim]``.
    """

    values: Floats
    axes: Floats
    centre: Floats

    @classmethod
    def of(cls, vectors: NDArray[np.float32], rows: NDArray[np.int64]) -> "Parts":
        """Return the parts of all vectors ``[n, dim]``, the components being those of some rows."""
        wanted = min(COMPONENTS, vectors.shape[1], max(1, len(rows) // 3))
        asked = vectors[rows].astype(np.float64)
        centre = asked.mean(axis=0)
        axes = np.linalg.svd(asked - centre, full_matrices=False)[2][:wanted]
        return cls((vectors - centre) @ axes.T, axes, centre)


@dataclass(frozen=True, eq=False)
class Scores:
    """A ridge regression of an outcome on parts (Hoerl and Kennard 1970), and what it says of every scan.

    Attributes:
        slope: ``[c]``.
        intercept: Of the regression.
        own: ``[n]``: of every scan, as fitted with everybody.
        left_out: ``[n]``: of every scan, as fitted without its patient.
        worth: Patients for each number that was fitted (n by the effective degrees of freedom): a score is as uncertain
            as a share among so many.
    """

    slope: Floats
    intercept: float
    own: Floats
    left_out: Floats
    worth: float

    @property
    def spread(self) -> float:
        """Standard deviation of the scores, above 0."""
        return max(float(self.left_out.std()), 1e-9)

    def prognosis(self, parts: Parts) -> Prognosis:
        """Return it in the space of the vectors, in units of its spread."""
        direction = self.slope @ parts.axes
        offset = self.intercept - float(direction @ parts.centre)
        return Prognosis(
            (direction / self.spread).astype(np.float32),
            offset / self.spread,
            (self.left_out / self.spread).astype(np.float32),
        )


def fit_scores(
    parts: Floats, rows: NDArray[np.int64], happened: Floats, weights: Floats, fitted_with: NDArray[np.int64]
) -> Scores:
    """Return the scores of every scan, the penalty chosen by the error on patients left out one by one.

    Leaving one out needs no second fit: the residual is divided by one less the leverage (Allen 1974).

    Args:
        parts: ``[n, c]``.
        rows: ``[q]``: scans that are learned from, one a patient.
        happened, weights: ``[q]``: outcomes, and what each stands for.
        fitted_with: ``[n]``: for each scan, the place in ``rows`` of its patient's scan; -1 where there is none.
    """
    total = weights.sum()
    centre, mean = weights @ parts[rows] / total, float(weights @ happened / total)
    learned = parts[rows] - centre
    values, axes = np.linalg.eigh(learned.T @ (learned * weights[:, np.newaxis]))
    values = np.maximum(values, 0.0)
    turned = learned @ axes
    pulled = turned.T @ (weights * (happened - mean))

    def residuals(penalty: float) -> Floats:
        leverage = weights * ((turned**2 / (values + penalty)).sum(axis=1) + 1 / total)
        left: Floats = (happened - mean - turned @ (pulled / (values + penalty))) / np.maximum(1 - leverage, 1e-3)
        return left

    penalties = _PENALTIES * max(float(values.max()), 1e-12)
    penalty = float(min(penalties, key=lambda one: float(weights @ residuals(one) ** 2)))
    slope = axes @ (pulled / (values + penalty))
    own = (parts - centre) @ slope + mean
    is_theirs = fitted_with >= 0
    theirs = fitted_with[is_theirs]
    here = (parts[is_theirs] - centre) @ axes / (values + penalty)
    left_out = own.copy()
    left_out[is_theirs] -= (
        ((here * turned[theirs]).sum(axis=1) + 1 / total) * weights[theirs] * residuals(penalty)[theirs]
    )
    freedom = 1 + float((values / (values + penalty)).sum())
    return Scores(slope, mean - float(centre @ slope), own, left_out, len(rows) / freedom)
