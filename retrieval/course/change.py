"""What changed since an earlier scan of the query's own patient, as the index lets one tell."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from scankin.retrieval.course.serials import Pairs, Serials
from scankin.retrieval.encoder import Embeddings
from scankin.retrieval.index import Neighbours, ScanIndex
from scankin.retrieval.measures import MEASURES, Measure
from scankin.retrieval.summaries import CONFIDENCE, Interval, effective_size, summarise_measure, weights_of, wilson

FEWEST_PATIENTS = 20
"""Where fewer patients of the index have two scans as far apart, how usual a similarity is cannot be told."""

NEAREST, FEWEST_READ, LEAST_SIZE = 15, 5, 2.0
"""Severity is expected by so many of the most similar patients in whom it was read; not below so few, nor where, by
their cosines, they are worth fewer than two."""

DECIMALS = 4


@dataclass(frozen=True)
class LikePairs:
    """Where a similarity lies among those of two scans of one patient as far apart in time.

    Attributes:
        patients: Who have such a pair; each counts once, by the pair nearest in its gap.
        share: Of them, in [0, 1], whose two scans are at most as similar; None below 20 patients.
        interval: 95 % Wilson interval of the share; None with it.
    """

    patients: int
    share: float | None
    interval: Interval | None


@dataclass(frozen=True)
class MeasureChange:
    """One severity measure, as similar patients let one expect it of both scans.

    Attributes:
        name: Of the measure.
        now, earlier: Weighted means over the most similar patients in whom it was read, on the measure's scale.
        known_now, known_earlier: How many these are, at most 15 each.
        difference: ``now`` less ``earlier``; None, as are both means, where either is of fewer than 5 patients, or of
            some that are worth fewer than two.
        interval: 95 % of the difference; patients who are among both count once in it. None with it.
    """

    name: str
    now: float | None
    earlier: float | None
    known_now: int
    known_earlier: int
    difference: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Change:
    """The query beside one earlier scan of its patient.

    Attributes:
        days_before: Days from the earlier scan to the query, 0 or more.
        similarity: Cosine of the two, 6 decimals.
        like_pairs: How usual that is.
        measures: Every measure that is read in any scan of the index.
    """

    days_before: int
    similarity: float
    like_pairs: LikePairs
    measures: tuple[MeasureChange, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the change as plain JSON values."""
        return {
            "days_before": self.days_before,
            "similarity": self.similarity,
            "like_pairs": {
                "patients": self.like_pairs.patients,
                "share_at_most_as_similar": _rounded(self.like_pairs.share),
                "interval": _interval(self.like_pairs.interval),
            },
            "measures": [
                {
                    "name": one.name,
                    "now": _rounded(one.now),
                    "earlier": _rounded(one.earlier),
                    "known_now": one.known_now,
                    "known_earlier": one.known_earlier,
                    "difference": _rounded(one.difference),
                    "interval": _interval(one.interval),
                }
                for one in self.measures
            ],
        }


def like_pairs(pairs: Pairs, gap: int, similarity: float, allowed: NDArray[np.bool_]) -> LikePairs:
    """Return where the similarity of two scans of one patient lies among those of the index.

    Args:
        pairs: Of the index.
        gap: Days between the two.
        similarity: Their cosine.
        allowed: ``[n]``: scans that may answer; a pair counts when both of it may.
    """
    among = allowed[pairs.later] & allowed[pairs.earlier]
    patients, cosines = pairs.nearest(gap, pairs.patients, pairs.cosines, among)
    if len(patients) < FEWEST_PATIENTS:
        return LikePairs(len(patients), None, None)
    share = float((cosines <= similarity).mean())
    return LikePairs(len(patients), share, wilson(share, len(patients)))


def measure_changes(
    index: ScanIndex, serials: Serials, now: Embeddings, earlier: Embeddings, allowed: NDArray[np.bool_]
) -> tuple[MeasureChange, ...]:
    """Return the change of every measure that any allowed scan of the index has, in the order of ``MEASURES``.

    Args:
        index: Of the query's modality.
        serials: Of it.
        now, earlier: Embeddings ``[1, dim]`` of the query and of the earlier scan.
        allowed: ``[n]``: scans that may answer.
    """
    changes = []
    for name, values in serials.measures.items():
        may = allowed & ~np.isnan(values)
        if may.any():
            found = [index.search(embedding, NEAREST, may) for embedding in (now, earlier)]
            changes.append(_measure_change(MEASURES[name], *found))
    return tuple(changes)


def _measure_change(measure: Measure, now: Neighbours, earlier: Neighbours) -> MeasureChange:
    counts = len(now.records), len(earlier.records)
    sizes = [effective_size(weights_of(found.similarities)) for found in (now, earlier) if found.similarities]
    if min(counts) < FEWEST_READ or min(sizes) < LEAST_SIZE:
        return MeasureChange(measure.name, None, None, *counts, None, None)
    read = [[record.measures[measure.name] for record in found.records] for found in (now, earlier)]
    means = [
        summarise_measure(measure, values, found.similarities).estimate
        for values, found in zip(read, (now, earlier), strict=True)
    ]
    if means[0] is None or means[1] is None:
        raise ValueError(f"{measure.name}: no mean of {counts} readings.")
    difference = means[0] - means[1]
    half = _half_width(
        _deviations(now, read[0], means[0]),
        _deviations(earlier, read[1], means[1]),
        min(sizes),
    )
    most = measure.high - measure.low
    interval = max(-most, difference - half), min(most, difference + half)
    return MeasureChange(measure.name, means[0], means[1], *counts, difference, interval)


def _deviations(found: Neighbours, values: Sequence[float], mean: float) -> dict[str, float]:
    """Return by patient how much each draws the weighted mean away from where the others hold it."""
    weights = weights_of(found.similarities)
    drawn = weights / weights.sum() * (np.array(values) - mean)
    return {record.patient: float(one) for record, one in zip(found.records, drawn, strict=True)}


def _half_width(now: dict[str, float], earlier: dict[str, float], size: float) -> float:
    """Return half of the 95 % interval of the difference of two weighted means that share patients.

    The linearised variance of a difference of ratio means, summed by patient (Taylor linearisation; Binder 1983,
    International Statistical Review 51:279), with Student's t at the smaller effective sample size.
    """
    drawn = [now.get(patient, 0.0) - earlier.get(patient, 0.0) for patient in {**now, **earlier}]
    variance = sum(one**2 for one in drawn) * size / (size - 1)
    return float(special.stdtrit(size - 1, 0.5 + CONFIDENCE / 2)) * math.sqrt(variance)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DECIMALS)


def _interval(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(bound, DECIMALS) for bound in interval]
