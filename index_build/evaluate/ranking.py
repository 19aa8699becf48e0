"""Who is nearest: each patient once, the query's own left out, over a pool that a test allows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.sample import Sample

Rows = NDArray[np.int64]

_AMPLE = 6
"""Films looked at for each person wanted, at first."""
_BLOCK = 256
"""Queries compared with all films at once: a product of matrices, yet little memory."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """The neighbours of one query.

    Attributes:
        query: Row of the sample.
        rows: Most similar first, one film a patient.
        similarities: Cosines, falling.
        pool: Films that were allowed.
    """

    query: int
    rows: Rows
    similarities: NDArray[np.float32]
    pool: int


def rank(sample: Sample, queries: Rows, pool_of: Callable[[int], Rows], k: int | None = None) -> Iterator[Ranked]:
    """Yield the ranked neighbours of each query.

    Args:
        sample: All films.
        queries: Rows that ask.
        pool_of: Rows that may answer a query; the query's own person is left out in any case.
        k: Patients wanted; None: all.
    """
    asks = sample.vectors if sample.asked_as is None else sample.asked_as
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        for query, to_all in zip(block.tolist(), asks[block] @ sample.vectors.T, strict=True):
            pool = pool_of(query)
            pool = pool[sample.people[pool] != sample.people[query]]
            similarities = to_all[pool]
            chosen = _first_of_each(similarities, sample.people[pool], k)
            yield Ranked(query, pool[chosen], similarities[chosen], len(pool))


def _first_of_each(similarities: NDArray[np.float32], people: NDArray[np.int64], k: int | None) -> Rows:
    """Return positions of the nearest film of each person, most similar first, of ``k`` persons; ties by position."""
    if k is not None and len(similarities) > _AMPLE * k:
        # The few nearest are nearly always enough persons, and sorting all costs ten times as much.
        least = np.partition(similarities, -_AMPLE * k)[-_AMPLE * k]
        near = np.flatnonzero(similarities >= least)
        chosen = near[_first_of_each(similarities[near], people[near], None)]
        if len(chosen) >= k:
            return chosen[:k]
    order = np.argsort(-similarities, kind="stable")
    _, first = np.unique(people[order], return_index=True)
    found: Rows = order[np.sort(first)][:k]
    return found


def weighted_share(values: NDArray[np.float64], similarities: NDArray[np.float32]) -> float:
    """Return the mean of the values, weighted by similarity of at least 0; NaN of none."""
    if not len(values):
        return float("nan")
    weights = np.clip(similarities, 1e-6, None)
    return float((values * weights).sum() / weights.sum())
