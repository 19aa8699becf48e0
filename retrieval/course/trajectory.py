"""How alike the courses of two patients are: their earlier scans, aligned in time to the two that match."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.course.serials import Floats, Serials
from scankin.retrieval.likeness import Likeness
from scankin.retrieval.summaries import SIMILARITY_FLOOR


def trajectory_likeness(
    days_before: Sequence[int],
    cosines: Sequence[Floats],
    serials: Serials,
    allowed: NDArray[np.bool_],
    weight: float,
) -> Likeness | None:
    """Return how alike the way to every scan is to the way to the query; None without a scan of a day before.

    For each earlier scan of the query, taken g days before it, the indexed patient's scan is sought that was taken
    nearest to g days before the indexed one, at most a quarter of g (at least a day) off; of several equally near ones
    the mean counts. Scans after the indexed one never do. Each pair's cosine c is told as (c - m) / (1 - m), where m
    is the mean cosine of the query's earlier scan to all scans that may answer: 0 is no more alike than any scan, 1
    the same picture. Several earlier scans of one day count as one; the mean over days, at least 0, is the likeness.
    NaN where no scan can be aligned.

    Args:
        days_before: Days from each earlier scan of the query's patient to the query, at least 0.
        cosines: ``[n]`` for each of them: to every scan of the index.
        serials: Of the index.
        allowed: ``[n]``: scans that may answer, at least one.
        weight: As in ``Likeness``.
    """
    by_day: dict[int, list[Floats]] = {}
    for days, values in zip(days_before, cosines, strict=True):
        if days > 0:
            by_day.setdefault(days, []).append(_beyond_the_mean(values, allowed))
    if not by_day:
        return None
    pairs = serials.pairs
    sums, counts = np.zeros(len(allowed)), np.zeros(len(allowed))
    for gap, held in by_day.items():
        values = np.mean(held, axis=0)
        is_before = (pairs.gaps > 0) & allowed[pairs.later]
        rows, alike = pairs.nearest(gap, pairs.later, values[pairs.earlier], is_before)
        sums[rows] += alike
        counts[rows] += 1
    means = np.divide(sums, counts, out=np.full(len(allowed), np.nan), where=counts > 0)
    return Likeness("trajectory", weight, np.clip(means, 0.0, 1.0))


def _beyond_the_mean(cosines: Floats, allowed: NDArray[np.bool_]) -> Floats:
    mean = float(cosines[allowed].mean())
    room = 1.0 - mean
    return np.zeros_like(cosines) if room < SIMILARITY_FLOOR else (cosines - mean) / room
