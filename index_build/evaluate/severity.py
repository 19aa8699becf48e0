"""Severity read from neighbours, beside that of the mean."""

from collections.abc import Mapping

import numpy as np

from scankin.index_build.evaluate.bootstrap import mean_of
from scankin.index_build.evaluate.figures import K, Measured, Scope, pool_in
from scankin.index_build.evaluate.ranking import rank, weighted_share
from scankin.index_build.evaluate.sample import Sample
from scankin.retrieval.measures import MEASURES


def severity(sample: Sample) -> Mapping[str, Measured]:
    """Return the mean absolute error of each severity measure read from neighbours, beside that of the mean."""
    errors = {}
    for name in MEASURES:
        values = np.array([record.measures.get(name, np.nan) for record in sample.records])
        known = np.flatnonzero(np.isfinite(values))
        asking = known[sample.may_ask[known]]
        if len(np.unique(sample.people[known])) < 2 * K or not len(asking):
            continue
        found = list(rank(sample, asking, pool_in(sample, Scope.POOLED, known), K))
        guessed = np.array([weighted_share(values[r.rows], r.similarities) for r in found])
        others = np.array([np.mean(values[known][sample.people[known] != sample.people[row]]) for row in asking])
        floor = float(np.abs(others - values[asking]).mean())
        errors[name] = Measured(mean_of(np.abs(guessed - values[asking])), asking, sample.people[asking], floor)
    return errors
