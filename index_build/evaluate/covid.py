"""COVID-19 by neighbours and by a linear probe, asked so that reading the collection does not answer."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.bootstrap import Figure, Statistic, area, auc_of
from scankin.index_build.evaluate.figures import Asked, K, Measured, Scope, pool_in
from scankin.index_build.evaluate.linear import folds_of, ridge_scores
from scankin.index_build.evaluate.ranking import Ranked, Rows, rank, weighted_share
from scankin.index_build.evaluate.sample import Sample

DRAWS_OF_POOLS = 12
"""Class-balanced pools that are averaged: one alone depends on its luck."""
PROBE_DRAWS = 4
FOLDS = 5
FEWEST_PATIENTS = 3
"""Of each class: a source with fewer is not asked about alone."""
_SEED = 7

PRIMARY = "COVID-19 AUC, balanced pools"
"""The figure that a claim rests on, named before looking: T5, across sources."""


def stated_rows(sample: Sample) -> Rows:
    """Return the films of adults of whom COVID-19 is stated: who may answer."""
    return np.flatnonzero((sample.covid >= 0) & ~sample.is_child)


def covid_pooled(sample: Sample) -> Measured:
    """Return how well the share of COVID-19 among the neighbours of adults tells who has it; leaky."""
    stated = stated_rows(sample)
    return _auc(sample, _shares(sample, _queries(sample), pool_in(sample, Scope.POOLED, stated)))


def covid_across_balanced(sample: Sample, asked: Asked | None = None) -> Measured:
    """Return the same across sources, from pools with as many patients with COVID-19 as without (T5).

    An unbalanced pool answers by its base rate alone: it differs with the source that is left out. ``asked`` are the
    scores of ``balanced_scores`` where they are at hand.
    """
    asked = balanced_scores(sample) if asked is None else asked
    scores, truth = asked.columns["score"], sample.covid[asked.queries]
    return Measured(auc_of(scores, truth), asked.queries, sample.people[asked.queries], 0.5)


def balanced_scores(sample: Sample, only: NDArray[np.bool_] | None = None) -> Asked:
    """Return the score of COVID-19 of each adult, as T5 has it; ``only`` says which films ask, None: all that may."""
    stated = stated_rows(sample)
    asking = sample.may_ask if only is None else sample.may_ask & only
    queries = stated[asking[stated]]
    rng = np.random.default_rng(_SEED)
    total = np.zeros(len(queries))
    for _ in range(DRAWS_OF_POOLS):
        pools = {int(s): _balanced(sample, stated[sample.sources[stated] != s], rng) for s in np.unique(sample.sources)}
        total += _shares(sample, queries, lambda query, pools=pools: pools[int(sample.sources[query])])  # type: ignore[misc]
    return Asked(queries, {"score": total / DRAWS_OF_POOLS})


def f1_of(sample: Sample, asked: Asked) -> Measured:
    """Return F1 of COVID-19 at T5, the threshold of each fold of patients chosen on the other folds.

    Chance is calling everybody positive.
    """
    scores, truth = asked.columns["score"], sample.covid[asked.queries]
    people = sample.people[asked.queries]
    folds = folds_of(people, FOLDS, _SEED)
    called = np.zeros(len(truth), bool)
    for fold in range(FOLDS):
        called[folds == fold] = scores[folds == fold] >= _best_threshold(scores[folds != fold], truth[folds != fold])
    rate = float(truth.mean()) if len(truth) else float("nan")
    return Measured(_f1(called, truth == 1), asked.queries, people, 2 * rate / (1 + rate))


def linear_across(sample: Sample) -> Measured:
    """Return the AUC of a linear probe fitted on the other sources only, on as many people of each class (T5)."""
    rng = np.random.default_rng(_SEED)
    draws = [_linear(sample, sample.sources, rng) for _ in range(PROBE_DRAWS)]
    return _auc(sample, np.mean(draws, axis=0))


def linear_pooled(sample: Sample) -> Measured:
    """Return the AUC of a linear probe fitted on other patients of any source; leaky."""
    folds = folds_of(sample.people, FOLDS, _SEED)
    return _auc(sample, _linear(sample, folds, np.random.default_rng(_SEED)))


def units_of(sample: Sample, *, by_origin: bool) -> NDArray[np.int64]:
    """Return the number of each film's source ``[n]``, or of its website within the source; -1: no website stated."""
    if not by_origin:
        return sample.sources
    if not sample.origins:
        return np.full(len(sample), -1)
    named = [f"{source}: {origin}" for source, origin in zip(sample.sources, sample.origins, strict=True)]
    numbers: NDArray[np.int64] = np.unique(named, return_inverse=True)[1].astype(np.int64)
    return np.where(np.array([origin is None for origin in sample.origins]), -1, numbers)


def covid_within(sample: Sample, units: NDArray[np.int64]) -> Measured:
    """Return how well neighbours of the query's own unit tell who has COVID-19 (T4), over units that hold both classes.

    Compared are only films of one unit, so that the units' base rates do not answer. With the query's own person one
    person of the other class is left out too, drawn anew twelve times: else who has it would have fewer peers who do.
    """
    asked = within_scores(sample, units)
    scores, truth = asked.columns["score"], sample.covid[asked.queries]
    return Measured(area_within(scores, truth, units[asked.queries]), asked.queries, sample.people[asked.queries], 0.5)


def covid_of_each(sample: Sample, units: NDArray[np.int64], name_of: Callable[[int], str]) -> Mapping[str, Figure]:
    """Return the same of each unit alone; ``name_of`` takes a row of the sample."""
    asked = within_scores(sample, units)
    found = {}
    for unit in np.unique(units[asked.queries]):
        at = np.flatnonzero(units[asked.queries] == unit)
        rows = asked.queries[at]
        auc = auc_of(asked.columns["score"][at], sample.covid[rows])
        found[name_of(int(rows[0]))] = Measured(auc, rows, sample.people[rows], 0.5).figure()
    return found


def within_scores(sample: Sample, units: NDArray[np.int64]) -> Asked:
    """Return the score of COVID-19 of each adult among those of the own unit."""
    stated = stated_rows(sample)
    kept = [
        unit
        for unit in np.unique(units[stated])
        if unit >= 0
        and all(
            len(np.unique(sample.people[stated[(units[stated] == unit) & (sample.covid[stated] == c)]]))
            >= FEWEST_PATIENTS
            for c in (0, 1)
        )
    ]
    stated = stated[np.isin(units[stated], kept)]
    queries = stated[sample.may_ask[stated]]
    members = {unit: stated[units[stated] == unit] for unit in kept}
    others_of = {
        (unit, c): np.unique(sample.people[rows[sample.covid[rows] != c]])
        for unit, rows in members.items()
        for c in (0, 1)
    }
    rng = np.random.default_rng(_SEED)
    total = np.zeros(len(queries))

    def pool(query: int) -> Rows:
        rows = members[units[query]]
        others = others_of[units[query], int(sample.covid[query])]
        others = others[others != sample.people[query]]
        left: Rows = rows[sample.people[rows] != rng.choice(others)]
        return left

    for _ in range(DRAWS_OF_POOLS):
        total += _shares(sample, queries, pool)
    return Asked(queries, {"score": total / DRAWS_OF_POOLS})


def area_within(scores: NDArray[np.float64], truth: NDArray[np.int64], units: NDArray[np.int64]) -> Statistic:
    """Return the area under the ROC curve over pairs of one unit, as a statistic; ties count half."""

    def auc(rows: NDArray[np.int64]) -> float:
        won = pairs = 0.0
        for unit in np.unique(units[rows]):
            of_unit = rows[units[rows] == unit]
            positives = int((truth[of_unit] == 1).sum())
            count = positives * (len(of_unit) - positives)
            if count:
                won += area(scores[of_unit], truth[of_unit]) * count
                pairs += count
        return won / pairs if pairs else float("nan")

    return auc


def _auc(sample: Sample, scores: NDArray[np.float64]) -> Measured:
    queries = _queries(sample)
    return Measured(auc_of(scores, sample.covid[queries]), queries, sample.people[queries], 0.5)


def _queries(sample: Sample) -> Rows:
    stated = stated_rows(sample)
    found: Rows = stated[sample.may_ask[stated]]
    return found


def _linear(sample: Sample, folds: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the score of each query by a probe of the other folds, NaN where these hold one class.

    The classes are drawn alike in size: of a smaller class the mean is less sure, which would shift the scores of one
    fold against those of another, and so tell the fold.
    """
    stated, queries = stated_rows(sample), _queries(sample)
    scores = np.full(len(queries), np.nan)
    for fold in np.unique(folds[queries]):
        fitted, asked = stated[folds[stated] != fold], folds[queries] == fold
        fitted = _balanced(sample, fitted[~np.isin(sample.people[fitted], sample.people[queries[asked]])], rng)
        ill = sample.covid[fitted] == 1
        if not ill.any() or ill.all():
            continue
        weights = np.where(ill, 1 / ill.sum(), 1 / (~ill).sum())
        targets = ill.astype(np.float64)[:, np.newaxis]
        scores[asked] = ridge_scores(sample.vectors[fitted], targets, weights, sample.vectors[queries[asked]])[:, 0]
    return scores


def _best_threshold(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the score from which on calling positive gives the best F1."""
    if not len(scores):
        return 0.5
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(truth[order] == 1)
    f1 = 2 * found / (np.arange(1, len(order) + 1) + max((truth == 1).sum(), 1))
    f1[:-1][scores[order][:-1] == scores[order][1:]] = -1  # equal scores are called alike
    return float(scores[order][int(f1.argmax())])


def _f1(called: NDArray[np.bool_], is_ill: NDArray[np.bool_]) -> Statistic:
    def f1(rows: NDArray[np.int64]) -> float:
        both = int((called[rows] & is_ill[rows]).sum())
        either = int(called[rows].sum() + is_ill[rows].sum())
        return 2 * both / either if either else float("nan")

    return f1


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
