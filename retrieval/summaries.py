"""What the neighbours' known outcomes say together, and how surely."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from scankin.retrieval.case import State
from scankin.retrieval.measures import Measure

CONFIDENCE = 0.95

SIMILARITY_FLOOR = 1e-6
"""Similarities are told to 6 decimals: when none is above this, none is more alike than another."""
_Z = float(special.ndtri(0.5 + CONFIDENCE / 2))

Interval = tuple[float, float]


@dataclass(frozen=True)
class ShareSummary:
    """How often something shows in the scans of the neighbours in whom it is stated.

    Attributes:
        name: Of the finding.
        happened: Neighbours in whom it happened.
        known: Neighbours in whom it is known whether it happened; at least ``happened``.
        unknown: The other neighbours; never counted as no.
        estimate: Similarity-weighted share of the known, in [0, 1]; None when none is known.
        interval: 95 % Wilson interval of the estimate at its effective sample size; None when none is known.
        base_rate: Share among all patients of the index of this modality in whom it is known; None when in none.
        base_patients: Patients whose share ``base_rate`` is: of few, it says little.
    """

    name: str
    happened: int
    known: int
    unknown: int
    estimate: float | None
    interval: Interval | None
    base_rate: float | None
    base_patients: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.happened <= self.known or self.unknown < 0:
            raise ValueError(f"{self.name}: {self.happened} of {self.known} known, {self.unknown} unknown, cannot be.")
        if (self.estimate is None) != (self.known == 0):
            raise ValueError(f"{self.name}: an estimate is stated exactly when something is known.")


@dataclass(frozen=True)
class MeasureSummary:
    """A severity measure over the neighbours in whom it was read.

    Attributes:
        name: Of the measure.
        known: Neighbours in whom it was read.
        estimate: Similarity-weighted mean, on the measure's scale; None when none was read.
        interval: 95 % interval of the mean, within the scale; None below two readings.
    """

    name: str
    known: int
    estimate: float | None
    interval: Interval | None


@dataclass(frozen=True)
class OutcomeCounts:
    """What is known of one outcome in the neighbours shown; the five numbers add up to them.

    Attributes:
        name: Of the outcome.
        happened, did_not_happen: Neighbours in whom it is known.
        already: In whom it had happened before their scan: not at risk, so neither yes nor no.
        censored: Known to have been free of it for a part of the time only.
        unknown: The others; never counted as no.
    """

    name: str
    happened: int
    did_not_happen: int
    already: int
    censored: int
    unknown: int

    @property
    def known(self) -> int:
        """Neighbours in whom it is known."""
        return self.happened + self.did_not_happen


def count_outcome(name: str, states: Sequence[State]) -> OutcomeCounts:
    """Return the counts of one outcome over the neighbours' states."""
    held = Counter(states)
    return OutcomeCounts(
        name,
        happened=held[State.HAPPENED],
        did_not_happen=held[State.DID_NOT_HAPPEN],
        already=held[State.ALREADY_HAPPENED],
        censored=held[State.CENSORED],
        unknown=held[State.UNKNOWN],
    )


def summarise_share(
    name: str,
    states: Sequence[State],
    similarities: Sequence[float],
    base_rate: float | None,
    base_patients: int = 0,
) -> ShareSummary:
    """Return the summary of one finding over the neighbours.

    Args:
        name: Of the finding.
        states: One a neighbour.
        similarities: Cosines, one a neighbour; the weight of a neighbour is its cosine, at least 0.
        base_rate: Of the index, in [0, 1].
        base_patients: Patients whose share it is.
    """
    pairs = zip(states, similarities, strict=True)
    known = [(state is State.HAPPENED, s) for state, s in pairs if state.is_known]
    happened = sum(yes for yes, _ in known)
    estimate = interval = None
    if known:
        weights = weights_of([s for _, s in known])
        estimate = float(weights @ np.array([yes for yes, _ in known], np.float64) / weights.sum())
        interval = wilson(estimate, effective_size(weights))
    unknown = len(states) - len(known)
    return ShareSummary(name, happened, len(known), unknown, estimate, interval, base_rate, base_patients)


def summarise_measure(
    measure: Measure, values: Sequence[float | None], similarities: Sequence[float]
) -> MeasureSummary:
    """Return the summary of one severity measure; ``values`` holds None for a neighbour in whom it was not read."""
    known = [(value, s) for value, s in zip(values, similarities, strict=True) if value is not None]
    if not known:
        return MeasureSummary(measure.name, 0, None, None)
    weights = weights_of([s for _, s in known])
    numbers = np.array([value for value, _ in known], np.float64)
    mean = float(np.average(numbers, weights=weights))
    interval = None
    size = effective_size(weights)
    if len(known) > 1 and size > 1:
        # Reliability-weighted sample variance, then Student's t: few neighbours, variance estimated from them.
        variance = float(np.average((numbers - mean) ** 2, weights=weights)) * size / (size - 1)
        half = float(special.stdtrit(size - 1, 0.5 + CONFIDENCE / 2)) * math.sqrt(variance / size)
        interval = max(measure.low, mean - half), min(measure.high, mean + half)
    return MeasureSummary(measure.name, len(known), mean, interval)


def weights_of(similarities: Sequence[float]) -> NDArray[np.float64]:
    """Return the neighbours' weights: their cosines, at least 0; all equal when none is above 0."""
    weights = np.clip(np.asarray(similarities, np.float64), 0, None)
    return weights if weights.max(initial=0) > SIMILARITY_FLOOR else np.ones_like(weights)


def effective_size(weights: NDArray[np.float64]) -> float:
    """Return Kish's effective sample size, (sum w)^2 / sum w^2: between 1 and the number of weights."""
    relative = weights / weights.max()  # squares of tiny weights would vanish
    return float(relative.sum() ** 2 / (relative**2).sum())


def wilson(share: float, size: float) -> Interval:
    """Return the 95 % Wilson score interval (Wilson 1927) of a share in [0, 1] at a real-valued sample size above 0."""
    centre = (share + _Z**2 / (2 * size)) / (1 + _Z**2 / size)
    half = _Z / (1 + _Z**2 / size) * math.sqrt(share * (1 - share) / size + _Z**2 / (4 * size**2))
    return max(0.0, centre - half), min(1.0, centre + half)
