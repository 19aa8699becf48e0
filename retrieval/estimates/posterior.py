"""From weighted outcomes to a probability and its interval: shrunk, recalibrated, as wide as held-out patients ask."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

CONFIDENCE = 0.95
_LEAST = 1e-6
"""Probabilities are kept this far from 0 and 1, where the logit has no value."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """How evidence becomes a probability, as fitted on held-out patients.

    Attributes:
        prior_strength: Patients' worth of evidence that the base rate counts for, above 0.
        intercept, slope: Of the recalibration on the logit scale (Platt 1999); 0 and 1 change nothing. A slope above 0.
        inflation: By how much evidence is discounted for the interval, at least 1.
    """

    prior_strength: float
    intercept: float = 0.0
    slope: float = 1.0
    inflation: float = 1.0

    def __post_init__(self) -> None:
        if self.prior_strength <= 0 or self.slope <= 0 or self.inflation < 1:
            raise ValueError(f"Shape: {self} cannot be: strength and slope above 0, inflation at least 1.")

    def recalibrated(self, share: Floats) -> Floats:
        """Return probabilities after recalibration."""
        clipped = np.clip(share, _LEAST, 1 - _LEAST)
        moved: Floats = special.expit(self.intercept + self.slope * special.logit(clipped))
        return moved

    def estimate(self, share: Floats, size: Floats, base: float) -> Floats:
        """Return probabilities: the posterior mean of a beta-binomial whose prior mean is ``base``, recalibrated.

        Args:
            share: Weighted shares, in [0, 1].
            size: Effective sample sizes, at least 0, of the same shape.
            base: Base rate.
        """
        return self.recalibrated(shrunk(share, size, base, self.prior_strength))

    def interval(self, share: Floats, size: Floats, base: float) -> tuple[Floats, Floats]:
        """Return the lower and upper ends of the 95 % posterior interval, recalibrated.

        The evidence and the prior are both divided by ``inflation``.
        """
        base = float(np.clip(base, _LEAST, 1 - _LEAST))
        yes = (share * size + base * self.prior_strength) / self.inflation
        no = ((1 - share) * size + (1 - base) * self.prior_strength) / self.inflation
        tail = (1 - CONFIDENCE) / 2
        low, high = special.betaincinv(yes, no, tail), special.betaincinv(yes, no, 1 - tail)
        return self.recalibrated(low), self.recalibrated(high)


def shrunk(share: Floats, size: Floats, base: Floats | float, strength: float) -> Floats:
    """Return shares drawn towards the base rate as if ``strength`` further patients had it."""
    drawn: Floats = (share * size + base * strength) / (size + strength)
    return drawn
