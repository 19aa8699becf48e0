"""The distribution of a number of patients, with the questions asked of it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVELS = (0.5, 0.8, 0.95)
"""Central intervals that are shown and tested."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, eq=False)
class Forecast:
    """How many of n patients it will be.

    Attributes:
        chances: ``[n + 1]``: of each number, from 0; they sum to 1.
    """

    chances: Floats

    def __post_init__(self) -> None:
        if self.chances.ndim != 1 or not np.isclose(self.chances.sum(), 1) or self.chances.min() < 0:
            raise ValueError("Forecast: chances must be from 0 on and sum to 1.")

    @property
    def patients(self) -> int:
        """Of how many patients."""
        return len(self.chances) - 1

    @property
    def mean(self) -> float:
        """Return the expected number."""
        return float(self.chances @ np.arange(len(self.chances)))

    @property
    def sd(self) -> float:
        """Return the standard deviation of the number."""
        return float(np.sqrt(self.chances @ (np.arange(len(self.chances)) - self.mean) ** 2))

    @cached_property
    def at_most(self) -> Floats:
        """``[n + 1]``: the chance of each number or fewer."""
        return np.minimum(np.cumsum(self.chances), 1.0)

    def quantile(self, share: float) -> int:
        """Return the smallest number that is not exceeded with this chance, in (0, 1)."""
        return min(int(np.searchsorted(self.at_most, share - 1e-12)), self.patients)

    def interval(self, level: float) -> tuple[int, int]:
        """Return the central interval, both ends included; numbers being whole, it holds ``level`` or more."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)

    def ranked_probability_score(self, number: int) -> float:
        """Return the continuous ranked probability score (Gneiting and Raftery 2007): in patients, less is better."""
        is_at_most = np.arange(len(self.chances)) >= number
        return float(((self.at_most - is_at_most) ** 2).sum())

    def probability_integral(self, number: int) -> tuple[float, float]:
        """Return the chance of fewer, and of as many or fewer: where what came lies (Czado, Gneiting, Held 2009)."""
        return float(self.at_most[number - 1]) if number else 0.0, float(self.at_most[number])
