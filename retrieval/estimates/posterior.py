"""From weighted outcomes to a probability and its interval: shrunk, recalibrated, as wide as held-out patients ask."""

import math
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
        score_worth: How many patients the prognostic score is worth that chose the alike ones, above 0.
    """

    prior_strength: float
    intercept: float = 0.0
    slope: float = 1.0
    score_worth: float = math.inf

    def __post_init__(self) -> None:
        if min(self.prior_strength, self.slope, self.score_worth) <= 0:
            raise ValueError(f"Shape: {self} cannot be: strength, slope and worth are above 0.")

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

    def kept(self, size: Floats) -> Floats:
        """Return which share of evidence of these sizes an interval counts, in (0, 1].

        Errors of counting add up with those of the score: 1 / worth = 1 / size + 1 / score_worth.
        """
        kept: Floats = 1 / (1 + size / self.score_worth)
        return kept

    def worth(self, size: Floats) -> Floats:
        """Return how many patients evidence of these sizes is worth for an interval."""
        return size * self.kept(size)

    def interval(self, share: Floats, size: Floats, base: float) -> tuple[Floats, Floats]:
        """Return the lower and upper ends of the 95 % posterior interval, recalibrated.

        The evidence is what it is worth, and the prior is discounted by as much.
        """
        base = float(np.clip(base, _LEAST, 1 - _LEAST))
        kept = self.kept(size)
        yes = (share * size + base * self.prior_strength) * kept
        no = ((1 - share) * size + (1 - base) * self.prior_strength) * kept
        tail = (1 - CONFIDENCE) / 2
        low, high = special.betaincinv(yes, no, tail), special.betaincinv(yes, no, 1 - tail)
        return self.recalibrated(low), self.recalibrated(high)


def shrunk(share: Floats, size: Floats, base: Floats | float, strength: float) -> Floats:
    """Return shares drawn towards the base rate as if ``strength`` further patients had it."""
    drawn: Floats = (share * size + base * strength) / (size + strength)
    return drawn
