"""The figures of retrieval (Musgrave et al. 2020), of COVID-19 by neighbours, and of severity by neighbours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.bootstrap import Figure, Statistic, auc_of, figure, mean_of
from scankin.index_build.evaluate.ranking import Ranked, Rows, rank, weighted_share
from scankin.index_build.evaluate.sample import Sample
from scankin.retrieval.measures import MEASURES

K = 15
"""Patients who vote, for COVID-19 and severity."""
DRAWS_OF_POOLS = 12
"""Class-balanced pools across sources that are averaged: one alone depends on its luck."""
_SEED = 7


class Scope:
    """Who may answer whom: patients of the same age group, of the query's source, of others, or of any."""

    POOLED, WITHIN, ACROSS = "pooled", "within source", "across sources"
    ALL = (WITHIN, ACROSS, POOLED)


@dataclass(frozen=True)
class Measured:
    """A figure before its interval, so that two encoders can be compared on the same patients.

    Attributes:
        statistic: Of positions of queries.
        queries: ``[queries]`` rows of the sample.
        people: ``[queries]``.
        chance: Of a random ranking.
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


@dataclass(frozen=True)
class Asked:
    """What single queries gave.

    Attributes:
        queries: ``[queries]`` rows of the sample.
        columns: Value of each by name, ``[queries]``.
    """

    queries: Rows
    columns: Mapping[str, NDArray[np.float64]]


def retrieval(sample: Sample, scope: str) -> Mapping[str, Measured]:
    """Return the figures over finding sets: relevant is who shows exactly the same findings.

    Queries whose film shows nothing stated, and those to whom nobody in the pool is relevant, are not asked.
    """
    asked = asked_of(sample, scope)
    chance = float(asked.columns["chance"].mean()) if len(asked.queries) else None
    return {
        name: Measured(
            mean_of(values), asked.queries, sample.people[asked.queries], chance if name.startswith("P@") else None
        )
        for name, values in asked.columns.items()
        if name != "chance"
    }


def asked_of(sample: Sample, scope: str, only: NDArray[np.bool_] | None = None) -> Asked:
    """Return the figures over finding sets of each query; ``only`` ``[n]`` says which films ask, None: all."""
    shown = sample.findings
    labelled = np.array([row for row, found in enumerate(shown) if found], np.int64)
    asked: list[dict[str, float]] = []
    rows = []
    for ranked in rank(
        sample, labelled if only is None else labelled[only[labelled]], pool_in(sample, scope, labelled)
    ):
        relevant = np.array([shown[row] == shown[ranked.query] for row in ranked.rows], np.float64)
        if relevant.sum() == 0:
            continue
        gains = np.array([_jaccard(shown[row], shown[ranked.query]) for row in ranked.rows])
        asked.append(_of_query(relevant, gains))
        rows.append(ranked.query)
    columns = {name: np.array([one[name] for one in asked]) for name in (asked[0] if asked else ())}
    return Asked(np.array(rows, np.int64), columns)


def _of_query(relevant: NDArray[np.float64], gains: NDArray[np.float64]) -> dict[str, float]:
    total = int(relevant.sum())
    hits = np.cumsum(relevant)
    places = np.arange(1, len(relevant) + 1)
    first = int(np.argmax(relevant)) + 1
    discounts = 1 / np.log2(np.arange(2, 12))
    top = gains[:10]
    ideal = np.sort(gains)[::-1][:10]
    return {
        **{f"P@{k}": float(relevant[:k].mean()) for k in (1, 5, 10)},
        "MAP@R": float((relevant[:total] * hits[:total] / places[:total]).sum() / total),
        "R-precision": float(relevant[:total].mean()),
        "MRR": 1 / first,
        "nDCG@10": float((top * discounts[: len(top)]).sum() / max((ideal * discounts[: len(ideal)]).sum(), 1e-12)),
        "chance": total / len(relevant),
    }


def covid_in_scope(sample: Sample, scope: str) -> Measured:
    """Return how well the share of COVID-19 among the neighbours of adults tells who has it.

    Within sources only those count that hold both classes.
    """
    stated = np.flatnonzero((sample.covid >= 0) & ~sample.is_child)
    if scope == Scope.WITHIN:
        both = [
            s
            for s in np.unique(sample.sources)
            if len(np.unique(sample.covid[stated][sample.sources[stated] == s])) > 1
        ]
        stated = stated[np.isin(sample.sources[stated], both)]
    scores = _shares(sample, stated, pool_in(sample, scope, stated))
    return Measured(auc_of(scores, sample.covid[stated]), stated, sample.people[stated])


def covid_across_balanced(sample: Sample) -> Measured:
    """Return the same across sources, from pools with as many patients with COVID-19 as without (T5).

    An unbalanced pool answers by its base rate alone: it differs with the source that is left out.
    """
    asked = balanced_scores(sample)
    scores, truth = asked.columns["score"], sample.covid[asked.queries]
    return Measured(auc_of(scores, truth), asked.queries, sample.people[asked.queries], 0.5)


def balanced_scores(sample: Sample, only: NDArray[np.bool_] | None = None) -> Asked:
    """Return the score of COVID-19 of each adult, as T5 has it; ``only`` says which films ask, None: all."""
    stated = np.flatnonzero((sample.covid >= 0) & ~sample.is_child)
    queries = stated if only is None else stated[only[stated]]
    rng = np.random.default_rng(_SEED)
    total = np.zeros(len(queries))
    for _ in range(DRAWS_OF_POOLS):
        pools = {int(s): _balanced(sample, stated[sample.sources[stated] != s], rng) for s in np.unique(sample.sources)}
        total += _shares(sample, queries, lambda query, pools=pools: pools[int(sample.sources[query])])  # type: ignore[misc]
    return Asked(queries, {"score": total / DRAWS_OF_POOLS})


def severity(sample: Sample) -> Mapping[str, Measured]:
    """Return the mean absolute error of each severity measure read from neighbours, beside that of the mean."""
    errors = {}
    for name in MEASURES:
        values = np.array([record.measures.get(name, np.nan) for record in sample.records])
        known = np.flatnonzero(np.isfinite(values))
        if len(np.unique(sample.people[known])) < 2 * K:
            continue
        found = list(rank(sample, known, pool_in(sample, Scope.POOLED, known), K))
        guessed = np.array([weighted_share(values[r.rows], r.similarities) for r in found])
        others = np.array([np.mean(values[known][sample.people[known] != sample.people[row]]) for row in known])
        floor = float(np.abs(others - values[known]).mean())
        errors[name] = Measured(mean_of(np.abs(guessed - values[known])), known, sample.people[known], floor)
    return errors


def _shares(sample: Sample, queries: Rows, pool_of: Callable[[int], Rows]) -> NDArray[np.float64]:
    found: list[Ranked] = list(rank(sample, queries, pool_of, K))
    return np.array([weighted_share(sample.covid[r.rows].astype(np.float64), r.similarities) for r in found])


def _balanced(sample: Sample, rows: Rows, rng: np.random.Generator) -> Rows:
    """Return films of as many people with COVID-19 as without."""
    yes, no = (np.unique(sample.people[rows][sample.covid[rows] == c]) for c in (1, 0))
    count = min(len(yes), len(no))
    chosen = np.concatenate([rng.choice(yes, count, replace=False), rng.choice(no, count, replace=False)])
    found: Rows = rows[np.isin(sample.people[rows], chosen)]
    return found


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
