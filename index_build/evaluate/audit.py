"""The shortcut audit, as far as cached vectors can answer it: T3, T6, T7, T9, T11 and T12 of the evaluation plan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import skew

from scankin.index_build.evaluate.bootstrap import Figure, figure, mean_of
from scankin.index_build.evaluate.figures import Measured, Scope, covid_across_balanced, pool_in, retrieval
from scankin.index_build.evaluate.ranking import Ranked, Rows, rank
from scankin.index_build.evaluate.sample import Sample

FOLDS = 5
RIDGE = 1.0
NEAREST = 10
_SEED = 11
FEWEST = 20
"""Queries of a stratum of which a figure is given."""


def nearest(sample: Sample, queries: Rows | None = None) -> list[Ranked]:
    """Return the ten nearest of each query, anybody else; of all films where no queries are named."""
    everyone = np.arange(len(sample))
    return list(rank(sample, everyone if queries is None else queries, lambda _query: everyone, NEAREST))


def source_probes(sample: Sample, near: Sequence[Ranked]) -> Mapping[str, Figure]:
    """Return how well the vector tells the source (T3): by a vote of neighbours, and by a linear probe.

    Both are by patient: the query's own person never votes, and the probe is fitted on the other four folds. Chance is
    the largest source's share. ``near`` holds the ten nearest of every film.
    """
    chance = float(np.bincount(sample.sources).max() / len(sample))
    shares = [float((sample.sources[r.rows] == sample.sources[r.query]).mean()) for r in near]
    linear = (_linear(sample) == sample.sources).astype(np.float64)
    return {
        f"vote of {NEAREST} neighbours": figure(mean_of(source_votes(sample, near)), sample.people, chance=chance),
        f"same source among {NEAREST} neighbours": figure(mean_of(np.array(shares)), sample.people),
        "linear probe": figure(mean_of(linear), sample.people, chance=chance),
    }


def source_votes(sample: Sample, near: Sequence[Ranked]) -> NDArray[np.float64]:
    """Return 1 for each query whose source most of its ten neighbours have, 0 for the others."""
    return np.array(
        [float(np.bincount(sample.sources[r.rows], minlength=1).argmax() == sample.sources[r.query]) for r in near]
    )


def _linear(sample: Sample) -> NDArray[np.int64]:
    """Return the source that a ridge classifier fitted on other patients predicts for each film."""
    people = np.unique(sample.people)
    fold_of = dict(zip(people, np.random.default_rng(_SEED).integers(0, FOLDS, len(people)), strict=True))
    folds = np.array([fold_of[person] for person in sample.people])
    targets = np.eye(len(sample.source_names))[sample.sources]
    predicted = np.zeros(len(sample), np.int64)
    for fold in range(FOLDS):
        fitted, asked = folds != fold, folds == fold
        if not fitted.any() or not asked.any():
            continue
        vectors = sample.vectors[fitted].astype(np.float64)
        centre = vectors.mean(axis=0)
        spread = max(float(vectors.std()), 1e-9)
        inputs = (vectors - centre) / spread
        gram = inputs.T @ inputs + RIDGE * len(inputs) / 100 * np.eye(inputs.shape[1])
        weights = np.linalg.solve(gram, inputs.T @ (targets[fitted] - targets[fitted].mean(axis=0)))
        scores = (sample.vectors[asked] - centre) / spread @ weights + targets[fitted].mean(axis=0)
        predicted[asked] = scores.argmax(axis=1)
    return predicted


def overlaps(sample: Sample, near: Sequence[Ranked]) -> int:
    """Return how many neighbour lists hold the query's own person (T6): a hard gate, it must be 0."""
    return sum(bool((sample.people[r.rows] == sample.people[r.query]).any()) for r in near)


def floors(sample: Sample) -> Mapping[str, Mapping[str, Measured]]:
    """Return what vectors that know nothing reach (T9): pixels, random vectors, and labels dealt out anew."""
    rng = np.random.default_rng(_SEED)
    noise = rng.standard_normal(sample.vectors.shape).astype(np.float32)
    known = np.flatnonzero(sample.covid >= 0)
    dealt = sample.covid.copy()
    dealt[known] = rng.permutation(sample.covid[known])
    shuffled = replace(sample, covid=dealt)
    return {
        "pixels": _headline(sample.with_vectors(sample.pixels)),
        "random vectors": _headline(sample.with_vectors(noise)),
        "shuffled labels": {"COVID-19 across sources, balanced": covid_across_balanced(shuffled)},
    }


def _headline(sample: Sample) -> Mapping[str, Measured]:
    across = retrieval(sample, Scope.ACROSS)
    within = retrieval(sample, Scope.WITHIN)
    named = {f"P@5 {scope}": found["P@5"] for scope, found in (("across", across), ("within", within)) if found}
    return {"COVID-19 across sources, balanced": covid_across_balanced(sample), **named}


def strata(sample: Sample) -> Mapping[str, Mapping[str, Figure]]:
    """Return P@5 over finding sets, any source, by projection, sex, age band and source (T11)."""
    shown = sample.findings
    labelled = np.array([row for row, found in enumerate(shown) if found], np.int64)
    hits = np.full(len(sample), np.nan)
    for ranked in rank(sample, labelled, pool_in(sample, Scope.POOLED, labelled), 5):
        hits[ranked.query] = np.mean([shown[row] == shown[ranked.query] for row in ranked.rows])
    kinds = {
        "projection": [record.view.value if record.view else "not stated" for record in sample.records],
        "sex": [record.sex.value if record.sex else "not stated" for record in sample.records],
        "age": [record.age_band or "not stated" for record in sample.records],
        "source": [sample.source_names[number] for number in sample.sources],
    }
    found: dict[str, dict[str, Figure]] = {}
    for kind, values in kinds.items():
        column = np.array(values)
        for value in sorted(set(values)):
            rows = np.flatnonzero((column == value) & np.isfinite(hits))
            if len(rows) >= FEWEST:
                found.setdefault(kind, {})[value] = figure(mean_of(hits[rows]), sample.people[rows])
    return found


def re_identification(sample: Sample) -> Figure:
    """Return how often the nearest film of anybody is one of the same person (T12), of those who have several.

    It says what vectors would give away, were they released; they are not (Packhäuser 2022: up to 0.94).
    """
    counts = np.bincount(sample.people)
    rows = np.flatnonzero(counts[sample.people] > 1)
    similarities = sample.vectors[rows] @ sample.vectors.T
    similarities[np.arange(len(rows)), rows] = -np.inf
    same = (sample.people[similarities.argmax(axis=1)] == sample.people[rows]).astype(np.float64)
    return figure(mean_of(same), sample.people[rows])


def hubness(sample: Sample, near: Sequence[Ranked]) -> dict[str, float]:
    """Return the skewness of how often a film is among the ten nearest, and the share of those that never are."""
    times = np.zeros(len(sample))
    for ranked in near:
        times[ranked.rows] += 1
    return {"skewness": float(skew(times)), "never_retrieved": float((times == 0).mean())}


def confusion(sample: Sample, near: Sequence[Ranked]) -> NDArray[np.float64]:
    """Return ``[sources, sources]``: of the ten nearest of a film of row source, the share of column source."""
    counts = np.zeros((len(sample.source_names), len(sample.source_names)))
    for ranked in near:
        np.add.at(counts[sample.sources[ranked.query]], sample.sources[ranked.rows], 1)
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
