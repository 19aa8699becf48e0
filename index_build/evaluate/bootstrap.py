"""Intervals by drawing patients again, for one encoder and for the difference of two on the same patients."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

DRAWS = 400
SEED = 20200131

Statistic = Callable[[NDArray[np.int64]], float]
"""Takes positions of queries, some of them repeatedly, and returns a figure; NaN where it is not defined."""


@dataclass(frozen=True)
class Figure:
    """A figure with its interval.

    Attributes:
        value: Of all queries; NaN where it is not defined.
        low, high: 95 % percentile interval over patients.
        queries: Films that asked.
        patients: Their patients.
        chance: What a random ranking gives; None where the figure has no such floor.
    """

    value: float
    low: float
    high: float
    queries: int
    patients: int
    chance: float | None = None

    def as_json(self) -> dict[str, float | int | None]:
        """Return it as plain JSON values; what is not defined is null."""
        return {name: _plain(value) for name, value in vars(self).items()}


def figure(
    statistic: Statistic, people: NDArray[np.int64], *, chance: float | None = None, draws: int = DRAWS
) -> Figure:
    """Return a statistic over queries with its interval.

    Args:
        statistic: Of positions 0 to ``len(people) - 1``.
        people: ``[queries]`` whose query each is.
        chance: Of a random ranking.
        draws: Of patients, with replacement.
    """
    everyone = np.arange(len(people))
    redrawn = np.array([statistic(rows) for rows in redraws(people, draws)])
    redrawn = redrawn[np.isfinite(redrawn)]
    low, high = np.percentile(redrawn, (2.5, 97.5)) if len(redrawn) else (np.nan, np.nan)
    value = statistic(everyone) if len(people) else float("nan")
    return Figure(value, float(low), float(high), len(people), len(np.unique(people)), chance)


def redraws(people: NDArray[np.int64], draws: int) -> tuple[NDArray[np.int64], ...]:
    """Return positions of queries for each draw of patients, the same for the same people."""
    return _redraws(people.astype(np.int64).tobytes(), draws)


@lru_cache(maxsize=8)
def _redraws(people_bytes: bytes, draws: int) -> tuple[NDArray[np.int64], ...]:
    # Kept, because most figures are of the same queries.
    people = np.frombuffer(people_bytes, np.int64)
    if not len(people):
        return ()
    rng = np.random.default_rng(SEED)
    order = np.argsort(people, kind="stable")
    _, starts, counts = np.unique(people[order], return_index=True, return_counts=True)
    made = []
    for _ in range(draws):
        drawn = rng.integers(0, len(starts), len(starts))
        lengths = counts[drawn]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        made.append(order[np.repeat(starts[drawn], lengths) + within])
    return tuple(made)


def mean_of(values: NDArray[np.float64]) -> Statistic:
    """Return the mean as a statistic; NaN values count as not asked."""

    def mean(rows: NDArray[np.int64]) -> float:
        held = values[rows]
        held = held[np.isfinite(held)]
        return float(held.mean()) if len(held) else float("nan")

    return mean


def auc_of(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> Statistic:
    """Return the area under the ROC curve as a statistic; ties count half."""

    def auc(rows: NDArray[np.int64]) -> float:
        return area(scores[rows], truth[rows])

    return auc


def area(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the area under the ROC curve (Mann-Whitney); NaN where only one kind is there."""
    is_known = np.isfinite(scores)
    scores, truth = scores[is_known], truth[is_known]
    yes = int((truth == 1).sum())
    no = len(truth) - yes
    if not yes or not no:
        return float("nan")
    return float((rankdata(scores)[truth == 1].sum() - yes * (yes + 1) / 2) / (yes * no))


def _plain(value: float | int | None) -> float | int | None:
    return None if value is None or (isinstance(value, float) and not np.isfinite(value)) else value
