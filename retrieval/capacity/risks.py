"""What is known of the chances of a group's patients, and what of that they share."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from scankin.retrieval.errors import InvalidRequest

Floats = NDArray[np.float64]

_HALF_WIDTHS = 2 * 1.959964
"""A 95 % interval is so many standard deviations wide."""
_LEAST_SIZE = 1.0
_LEAST_CHANCE = 1e-6


@dataclass(frozen=True)
class Risk:
    """The estimate of one patient.

    Attributes:
        estimate: Chance in [0, 1].
        low, high: Its 95 % interval.
    """

    estimate: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 1 or not 0 <= self.estimate <= 1:
            raise InvalidRequest(
                f"An estimate of {self.estimate:g} with the interval {self.low:g} to {self.high:g} cannot be. "
                "Chances lie between 0 and 1."
            )


@dataclass(frozen=True)
class GroupRisks:
    """The patients of one group and one question.

    Attributes:
        risks: Of those with an estimate.
        abstained: How many have an answer without an estimate: they take the base rate, with its doubt.
        base_rate: Of the index, in [0, 1].
        base_patients: Patients whose share that is, at least 1.
    """

    risks: tuple[Risk, ...]
    abstained: int
    base_rate: float
    base_patients: int

    def __post_init__(self) -> None:
        if not 0 <= self.base_rate <= 1 or self.base_patients < 1 or self.abstained < 0:
            raise InvalidRequest(
                f"A base rate of {self.base_rate:g} among {self.base_patients} patients cannot be: "
                "a share from 0 to 1, of at least one patient, is needed."
            )

    def __len__(self) -> int:
        return len(self.risks) + self.abstained

    @cached_property
    def sizes(self) -> Floats:
        """``[n]``: patients' worth of evidence that each interval implies, at least 1."""
        estimate, width = self._estimates, np.array([risk.high - risk.low for risk in self.risks])
        # Near 0 and 1 the variance vanishes although the interval does not: its middle has the variance that is meant.
        middle = np.array([(risk.low + risk.high) / 2 for risk in self.risks])
        centre = np.where((estimate <= 0) | (estimate >= 1), middle, estimate)
        variance = np.maximum(width / _HALF_WIDTHS, 1e-6) ** 2
        sizes: Floats = np.maximum(centre * (1 - centre) / variance - 1, _LEAST_SIZE)
        return sizes

    @cached_property
    def means(self) -> Floats:
        """``[n]``: chances; those of exactly 0 or 1 drawn towards the base rate as if by one patient more."""
        estimate = self._estimates
        drawn = (estimate * self.sizes + self.base_rate) / (self.sizes + 1)
        means: Floats = np.clip(
            np.where((estimate <= 0) | (estimate >= 1), drawn, estimate), _LEAST_CHANCE, 1 - _LEAST_CHANCE
        )
        return means

    @cached_property
    def shared(self) -> Floats:
        """``[n]``: the part of each estimate's error, in [0, 1], that all estimates of the index have in common.

        Two neighbourhoods of m patients drawn from n share m / n of them, so that is the correlation of the errors of
        two weighted shares; the common part of the variance is then p(1 - p) / n, that of the base rate itself.
        """
        return np.minimum(self.sizes / self.base_patients, 1.0)

    @cached_property
    def abstained_size(self) -> float:
        """Patients' worth of evidence that the base rate stands for in those who have no estimate, at least 1.

        They are unlike the index, so their common chance may lie wherever the chances of the others lie: its standard
        deviation is that of the others' estimates, and never less than the base rate's own.
        """
        base = float(np.clip(self.base_rate, _LEAST_CHANCE, 1 - _LEAST_CHANCE))
        spread = float(self.means.var()) if len(self.means) > 1 else base * (1 - base) / (2 * _LEAST_SIZE)
        size = base * (1 - base) / max(spread, 1e-12) - 1
        return float(np.clip(size, _LEAST_SIZE, self.base_patients))

    @property
    def _estimates(self) -> Floats:
        return np.array([risk.estimate for risk in self.risks], np.float64)


def chances(group: GroupRisks, shared: Floats, abstained: Floats, drift: Floats) -> Floats:
    """Return ``[draws, len(group)]``: every patient's chance given what the patients have in common.

    A patient's chance has the beta distribution of its estimate and interval. Of its quantile the common part is
    ``shared`` (a Gaussian copula with ``GroupRisks.shared``); the patient's own part is averaged out, which is exact:
    whether somebody falls ill depends on their own doubt only through its mean.

    Args:
        group: The patients, those without an estimate last.
        shared: ``[draws]`` standard normal: how far the index is off for everybody with an estimate.
        abstained: ``[draws]`` standard normal: where those without an estimate lie together.
        drift: ``[draws]``: added to everybody's log odds; their mean chance stays as it is.
    """
    known = _given_shared(group, shared)
    base = float(np.clip(group.base_rate, _LEAST_CHANCE, 1 - _LEAST_CHANCE))
    size = group.abstained_size
    common = special.betaincinv(base * size, (1 - base) * size, special.ndtr(abstained))
    rest = np.repeat(common[:, np.newaxis], group.abstained, axis=1)
    every = np.clip(np.concatenate([known, rest], axis=1), _LEAST_CHANCE, 1 - _LEAST_CHANCE)
    return _drifted(every, drift)


def _drifted(every: Floats, drift: Floats) -> Floats:
    """Return chances whose log odds are moved, draw by draw, and moved back together so that their mean stays.

    A common error says nothing of its direction, yet equal steps of log odds up and down raise a low chance.
    """
    if not drift.any() or not every.size:
        return every
    odds, mean = special.logit(every) + drift[:, np.newaxis], every.mean()
    reach = float(np.abs(drift).max()) + 1
    back = optimize.brentq(lambda step: special.expit(odds + step).mean() - mean, -reach, reach)
    moved: Floats = special.expit(odds + back)
    return moved


def _given_shared(group: GroupRisks, shared: Floats) -> Floats:
    """Return ``[draws, n]``; worked out on a grid of the shared part and interpolated, since it is smooth in it."""
    if not group.risks:
        return np.empty((len(shared), 0))
    grid = np.linspace(-4, 4, 41)
    nodes, weights = np.polynomial.hermite_e.hermegauss(9)
    common, own = np.sqrt(group.shared), np.sqrt(1 - group.shared)
    score = common[:, None, None] * grid[None, :, None] + own[:, None, None] * nodes[None, None, :]
    yes, no = group.means * group.sizes, (1 - group.means) * group.sizes
    quantile = special.betaincinv(yes[:, None, None], no[:, None, None], special.ndtr(score))
    on_grid = quantile @ (weights / weights.sum())
    return np.stack([np.interp(shared, grid, row) for row in on_grid], axis=1)
