"""How well forecasts fit what came: coverage, probability integrals, and the ranked score beside the base rate's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from scankin.retrieval.capacity import Forecast
from scankin.retrieval.capacity.forecast import LEVELS
from scankin.retrieval.summaries import Interval, wilson

PIT_BINS = 10
BOOTSTRAPS, SEED = 2000, 1


class Compared(Protocol):
    """A forecast with what came of it."""

    @property
    def patients(self) -> int:
        """Of how many patients."""

    @property
    def happened(self) -> int:
        """To how many it happened."""

    @property
    def abstained(self) -> int:
        """How many had no estimate."""

    @property
    def forecast(self) -> Forecast:
        """With neighbours."""

    @property
    def base_forecast(self) -> Forecast:
        """By the base rate alone."""


@dataclass(frozen=True)
class Coverage:
    """How often a central interval held what came.

    Attributes:
        held: Windows.
        windows: All.
        share: Of the one in the other.
        interval: 95 % Wilson interval of the share.
    """

    held: int
    windows: int
    share: float
    interval: Interval


@dataclass(frozen=True)
class Scores:
    """Of all windows of one outcome.

    Attributes:
        windows, patients, happened, abstained: Counts.
        expected: Sum of the expected numbers.
        coverage: By nominal percentage; numbers being whole, intervals hold more than their nominal share.
        pit: Ten heights, mean 1: how often what came lay in each tenth of its forecast. Flat is calibrated, a hill
            too wide, a valley too narrow, a slope biased.
        crps, base_crps: Mean ranked probability scores in patients, less is better.
        crps_less_base: Their difference, below 0 in favour of the neighbours.
        crps_less_base_interval: 95 % bootstrap interval over windows, paired.
    """

    windows: int
    patients: int
    happened: int
    abstained: int
    expected: float
    coverage: Mapping[str, Coverage]
    pit: tuple[float, ...]
    crps: float
    base_crps: float
    crps_less_base: float
    crps_less_base_interval: Interval


def scores_of(made: Sequence[Compared]) -> Scores:
    """Return the scores of at least one forecast."""
    mine = np.array([one.forecast.ranked_probability_score(one.happened) for one in made])
    base = np.array([one.base_forecast.ranked_probability_score(one.happened) for one in made])
    less = mine - base
    drawn = np.random.default_rng(SEED).integers(0, len(made), (BOOTSTRAPS, len(made)))
    low, high = np.quantile(less[drawn].mean(axis=1), [0.025, 0.975])
    return Scores(
        windows=len(made),
        patients=sum(one.patients for one in made),
        happened=sum(one.happened for one in made),
        abstained=sum(one.abstained for one in made),
        expected=float(sum(one.forecast.mean for one in made)),
        coverage={f"{100 * level:.0f}": _coverage(made, level) for level in LEVELS},
        pit=pit_heights(made),
        crps=float(mine.mean()),
        base_crps=float(base.mean()),
        crps_less_base=float(less.mean()),
        crps_less_base_interval=(float(low), float(high)),
    )


def pit_heights(made: Sequence[Compared]) -> tuple[float, ...]:
    """Return the heights of the non-randomised PIT histogram (Czado, Gneiting, Held 2009, equation 2), mean 1."""
    edges = np.linspace(0, 1, PIT_BINS + 1)
    total = np.zeros(PIT_BINS + 1)
    for one in made:
        below, upto = one.forecast.probability_integral(one.happened)
        total += np.clip((edges - below) / max(upto - below, 1e-12), 0, 1)
    heights = np.diff(total / len(made)) * PIT_BINS
    return tuple(float(height) for height in heights)


def _coverage(made: Sequence[Compared], level: float) -> Coverage:
    intervals = [one.forecast.interval(level) for one in made]
    held = sum(low <= one.happened <= high for one, (low, high) in zip(made, intervals, strict=True))
    return Coverage(held, len(made), held / len(made), wilson(held / len(made), len(made)))
