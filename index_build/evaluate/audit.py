"""The shortcut audit, as far as cached vectors can answer it: T3, T6, T9, T12 of the evaluation plan, and hubs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import skew

from scankin.index_build.evaluate.bootstrap import Figure, figure, mean_of
from scankin.index_build.evaluate.covid import PRIMARY, covid_across_balanced
from scankin.index_build.evaluate.figures import Measured
from scankin.index_build.evaluate.linear import folds_of, ridge_scores
from scankin.index_build.evaluate.ranking import Ranked, Rows, rank
from scankin.index_build.evaluate.sample import Sample, Vectors

FOLDS = 5
NEAREST = 10
_SEED = 11


def nearest(sample: Sample, queries: Rows | None = None) -> list[Ranked]:
    """Return the ten nearest of each query, anybody else; of all films that may ask where no queries are named."""
    everyone = np.arange(len(sample))
    return list(rank(sample, sample.asking if queries is None else queries, lambda _query: everyone, NEAREST))


def source_probes(sample: Sample, near: Sequence[Ranked]) -> Mapping[str, Figure]:
    """Return how well the vector tells the source (T3): by a vote of neighbours, and by a linear probe.

    Both are by patient: the query's own person never votes, and the probe is fitted on the other four folds. Chance is
    the largest source's share. ``near`` holds the ten nearest of each query.
    """
    rows = np.array([ranked.query for ranked in near])
    people, sources = sample.people[rows], sample.sources[rows]
    chance = float(np.bincount(sources).max() / len(rows))
    shares = [float((sample.sources[r.rows] == sample.sources[r.query]).mean()) for r in near]
    linear = (_linear(sample)[rows] == sources).astype(np.float64)
    return {
        f"vote of {NEAREST} neighbours": figure(mean_of(source_votes(sample, near)), people, chance=chance),
        f"same source among {NEAREST} neighbours": figure(mean_of(np.array(shares)), people),
        "linear probe": figure(mean_of(linear), people, chance=chance),
    }


def source_votes(sample: Sample, near: Sequence[Ranked]) -> NDArray[np.float64]:
    """Return 1 for each query whose source most of its ten neighbours have, 0 for the others."""
    return np.array(
        [float(np.bincount(sample.sources[r.rows], minlength=1).argmax() == sample.sources[r.query]) for r in near]
    )


def _linear(sample: Sample) -> NDArray[np.int64]:
    """Return the source that a ridge classifier fitted on other patients predicts for each film."""
    folds = folds_of(sample.people, FOLDS, _SEED)
    targets = np.eye(len(sample.source_names))[sample.sources]
    predicted = np.zeros(len(sample), np.int64)
    for fold in range(FOLDS):
        fitted, asked = folds != fold, folds == fold
        if fitted.any() and asked.any():
            weights = np.ones(int(fitted.sum()))
            scores = ridge_scores(sample.vectors[fitted], targets[fitted], weights, sample.vectors[asked])
            predicted[asked] = scores.argmax(axis=1)
    return predicted


def overlaps(sample: Sample, near: Sequence[Ranked]) -> int:
    """Return how many neighbour lists hold the query's own person (T6): a hard gate, it must be 0."""
    return sum(bool((sample.people[r.rows] == sample.people[r.query]).any()) for r in near)


def noise(sample: Sample) -> Vectors:
    """Return vectors that know nothing: neighbours by them are a random ranking."""
    return np.random.default_rng(_SEED).standard_normal(sample.vectors.shape).astype(np.float32)


def shuffled_labels(sample: Sample) -> Mapping[str, Measured]:
    """Return T5 of the encoder itself with the labels dealt out anew (T9): what the measure gives where nothing is."""
    known = np.flatnonzero(sample.covid >= 0)
    dealt = sample.covid.copy()
    dealt[known] = np.random.default_rng(_SEED).permutation(sample.covid[known])
    return {PRIMARY: covid_across_balanced(replace(sample, covid=dealt))}


def re_identification(sample: Sample) -> Figure:
    """Return how often the nearest film of anybody is one of the same person (T12), of those who have several.

    It says what vectors would give away, were they released; they are not (Packhäuser 2022: up to 0.94).
    """
    counts = np.bincount(sample.people)
    rows = np.flatnonzero((counts[sample.people] > 1) & sample.may_ask)
    similarities = sample.vectors[rows] @ sample.vectors.T
    similarities[np.arange(len(rows)), rows] = -np.inf
    same = (sample.people[similarities.argmax(axis=1)] == sample.people[rows]).astype(np.float64)
    return figure(mean_of(same), sample.people[rows])


def times_retrieved(sample: Sample, near: Sequence[Ranked]) -> NDArray[np.int64]:
    """Return how often each film ``[n]`` is among the ten nearest of another."""
    return np.bincount(np.concatenate([ranked.rows for ranked in near]), minlength=len(sample))


def hubness(times: NDArray[np.int64]) -> dict[str, float]:
    """Return the skewness of how often a film is among the ten nearest, and the share of those that never are."""
    return {"skewness": float(skew(times)), "never_retrieved": float((times == 0).mean())}


def confusion(sample: Sample, near: Sequence[Ranked]) -> NDArray[np.float64]:
    """Return ``[sources, sources]``: of the ten nearest of a film of row source, the share of column source."""
    counts = np.zeros((len(sample.source_names), len(sample.source_names)))
    for ranked in near:
        np.add.at(counts[sample.sources[ranked.query]], sample.sources[ranked.rows], 1)
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
