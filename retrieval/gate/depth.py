"""One depth at which a scan is looked at, and how far from the reference it lies there."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

NEIGHBOURS = 5
"""Sun et al. 2022 take the k-th nearest; the mean of five is as good here and less at the mercy of one film."""

AXES = 64
"""Most principal axes with a variance of their own; the others share one, so that few films suffice."""


@dataclass(frozen=True, eq=False)
class Depth:
    """What one kind of feature looks like in the reference.

    Attributes:
        reference: ``[n, d]`` features of the reference scans, n at least ``NEIGHBOURS``.
        centre: ``[d]`` their mean.
        spread: ``[d]`` what each feature is divided by before anything else.
        axes: ``[d, c]`` principal axes of the divided features, unit columns.
        variances: ``[c + 1]`` along each axis, then the mean along all that are left.
    """

    reference: Floats
    centre: Floats
    spread: Floats
    axes: Floats
    variances: Floats

    @classmethod
    def of(cls, reference: Floats, *, is_scaled: bool) -> Self:
        """Return the depth of reference features ``[n, d]``; ``is_scaled`` brings every feature to variance one."""
        spread = reference.std(axis=0) + 1e-6 if is_scaled else np.ones(reference.shape[1])
        centre = reference.mean(axis=0)
        centred = (reference.astype(np.float64) - centre) / spread
        scans, features = centred.shape
        count = max(1, min(AXES, features // 2, scans // 4))
        if scans < features:
            _, roots, rows = np.linalg.svd(centred, full_matrices=False)
            along, kept = roots[:count] ** 2 / scans, rows[:count].T
        else:
            values, vectors = np.linalg.eigh(centred.T @ centred / scans)
            along, kept = values[::-1][:count], vectors[:, ::-1][:, :count]
        rest = ((centred**2).sum() / scans - along.sum()) / (features - count)
        variances = np.maximum([*along, rest], 1e-9)
        return cls(*(np.asarray(a, np.float32) for a in (reference, centre, spread, kept, variances)))

    @cached_property
    def _prepared(self) -> tuple[Floats, Floats]:
        """The reference, centred and divided, and the squared length of each row: a query is then one product."""
        centred = (self.reference - self.centre) / self.spread
        return centred, np.einsum("nd,nd->n", centred, centred)

    def distances(self, features: Floats) -> tuple[float, float]:
        """Return how far ``features`` ``[d]`` lie from the reference, in two ways.

        First the mean Euclidean distance to the five nearest (kNN distance, Sun et al. 2022), then the class-free
        Mahalanobis distance (Anthony and Kamnitsas 2023) with the covariance of probabilistic principal components.
        """
        reference, lengths = self._prepared
        centred = ((features - self.centre) / self.spread).astype(np.float64)
        # Not a matrix product: on a busy machine the threads of BLAS cost a query more than they save.
        squares = lengths - 2 * np.einsum("nd,d->n", reference, centred.astype(np.float32)) + centred @ centred
        nearest = np.maximum(np.partition(squares, NEIGHBOURS - 1)[:NEIGHBOURS], 0)
        along = np.einsum("d,dc->c", centred, self.axes)
        rest = max(float(centred @ centred - along @ along), 0.0)
        return float(np.sqrt(nearest.mean())), float(
            np.sqrt((along**2 / self.variances[:-1]).sum() + rest / self.variances[-1])
        )
