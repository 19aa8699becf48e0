"""A figure before its interval, and who may answer whom in each scope."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.bootstrap import Figure, Statistic, figure
from scankin.index_build.evaluate.ranking import Rows
from scankin.index_build.evaluate.sample import Sample

K = 15
"""Patients who vote, for COVID-19 and severity."""


class Scope:
    """Who may answer whom: patients of the same age group, of the query's source, of others, or of any."""

    POOLED, WITHIN, ACROSS = "pooled", "within source", "across sources"
    ALL = (ACROSS, WITHIN, POOLED)


@dataclass(frozen=True)
class Measured:
    """A figure before its interval, so that two encoders can be compared on the same patients.

    Attributes:
        statistic: Of positions of queries.
        queries: ``[queries]`` rows of the sample.
        people: ``[queries]``.
        chance: What no knowledge of the film gives.
    """

    statistic: Statistic
    queries: Rows
    people: NDArray[np.int64]
    chance: float | None = None

    def figure(self) -> Figure:
        """Return it with its interval."""
        return figure(self.statistic, self.people, chance=self.chance)

    def less(self, other: "Measured") -> Figure:
        """Return this figure less another's, over the queries that both asked, patients drawn again together."""
        _, mine, theirs = np.intersect1d(self.queries, other.queries, return_indices=True)
        return figure(lambda rows: self.statistic(mine[rows]) - other.statistic(theirs[rows]), self.people[mine])


@dataclass(frozen=True)
class Asked:
    """What single queries gave.

    Attributes:
        queries: ``[queries]`` rows of the sample.
        columns: Value of each by name, ``[queries]`` or ``[queries, ...]``.
    """

    queries: Rows
    columns: Mapping[str, NDArray[np.float64]]


def pool_in(sample: Sample, scope: str, rows: Rows) -> Callable[[int], Rows]:
    """Return who of ``rows`` may answer a query in a scope."""

    def pool(query: int) -> Rows:
        alike = sample.is_child[rows] == sample.is_child[query]
        if scope == Scope.WITHIN:
            alike = alike & (sample.sources[rows] == sample.sources[query])
        elif scope == Scope.ACROSS:
            alike = alike & (sample.sources[rows] != sample.sources[query])
        found: Rows = rows[alike]
        return found

    return pool
