"""Weights of patients by how alike their most similar scan is: a kernel on the unit sphere."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BestScans:
    """The most similar allowed scan of every patient who has one, to one query.

    Attributes:
        rows: ``[p]`` int64: rows of the index.
        similarities: ``[p]`` float64: cosines, in the order of ``rows``.
    """

    rows: NDArray[np.int64]
    similarities: Floats


class PatientRows:
    """Which rows of an index are of one patient, laid out so that a patient's best scan is found at once."""

    def __init__(self, patients: NDArray[np.int64]) -> None:
        """Lay out the rows; ``patients`` is ``[n]``, the number of the patient of each row."""
        self.patients = patients
        self._order = np.argsort(patients, kind="stable")
        self._starts = np.flatnonzero(np.diff(patients[self._order], prepend=-1))
        self._counts = np.diff(np.append(self._starts, len(patients)))

    def best(self, similarities: NDArray[np.floating], allowed: NDArray[np.bool_]) -> BestScans:
        """Return each patient's most similar allowed scan; of equal ones the first in the order of the index.

        Args:
            similarities: ``[n]``: cosines of one query.
            allowed: ``[n]``: scans that may answer.
        """
        held = np.where(allowed, similarities, -np.inf)[self._order]
        best = np.maximum.reduceat(held, self._starts)
        is_best = held == np.repeat(best, self._counts)
        first = np.flatnonzero(is_best)
        owner = np.repeat(np.arange(len(self._starts)), self._counts)[first]
        first = first[np.flatnonzero(np.diff(owner, prepend=-1))]
        present = np.isfinite(best)
        return BestScans(self._order[first][present], best[present].astype(np.float64))


@dataclass(frozen=True)
class Kernel:
    """How much a patient counts, by how alike the scan is.

    Attributes:
        concentration: Of von Mises and Fisher's kernel, exp(concentration * cosine), at least 0: a greater one looks at
            fewer, nearer patients; 0 at all alike.
        width: Of the normal kernel on the difference of prognostic scores: its standard deviation, above 0.
    """

    concentration: float
    width: float

    def __post_init__(self) -> None:
        if self.concentration < 0 or self.width <= 0:
            raise ValueError(f"Kernel: {self} cannot be: concentration at least 0, width above 0.")

    def weights(self, similarities: Floats, apart: NDArray[np.floating]) -> Floats:
        """Return ``[p]`` weights in (0, 1], 1 for the first of all.

        Args:
            similarities: ``[p]``: cosines.
            apart: ``[p]``: differences of prognostic scores.
        """
        exponents = self.concentration * similarities - (apart / self.width) ** 2 / 2
        weights: Floats = np.exp(exponents - exponents.max(initial=-np.inf))
        return weights
