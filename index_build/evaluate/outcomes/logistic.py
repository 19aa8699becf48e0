"""Logistic regression on the same vectors, its penalty chosen on inner folds: what neighbours must be worth beside."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from scankin.index_build.calibrate.logistic import fit_logistic
from scankin.index_build.evaluate.outcomes.training import INNER_FOLDS, Training

Floats = NDArray[np.float64]

STRENGTHS = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
"""Variances of the log odds that the penalty expects beforehand; the least is next to the base rate alone."""
_CLIP = 1e-6


def logistic_chances(fitted: Training, features: Floats, asked: Floats) -> Floats:
    """Return ``[q]`` chances by a ridge-penalised logistic regression whose penalty loses least on inner folds.

    Args:
        fitted: Patients fitted on, with the outcome and without it.
        features: ``[n, d]``: theirs.
        asked: ``[q, d]``: of those asked.
    """
    happened, weights = fitted.happened, fitted.weights
    losses = np.zeros(len(STRENGTHS))
    for fold in range(INNER_FOLDS):
        there, here = fitted.folds != fold, fitted.folds == fold
        if not here.any() or len(set(happened[there].tolist())) < 2:
            continue
        for place, strength in enumerate(STRENGTHS):
            said = _fit(features[there], happened[there], weights[there], strength, features[here])
            said = np.clip(said, _CLIP, 1 - _CLIP)
            losses[place] -= weights[here] @ (happened[here] * np.log(said) + (1 - happened[here]) * np.log1p(-said))
    return _fit(features, happened, weights, STRENGTHS[int(losses.argmin())], asked)


def _fit(features: Floats, happened: Floats, weights: Floats, strength: float, asked: Floats) -> Floats:
    share = np.clip(np.average(happened, weights=weights), _CLIP, 1 - _CLIP)
    start = np.zeros(features.shape[1] + 1)
    start[0] = special.logit(share)
    pull = np.full(len(start), 1 / strength)
    pull[0] = _CLIP  # the intercept is free
    found = fit_logistic(_with_one(features), happened, weights * len(weights) / weights.sum(), start, pull)
    said: Floats = special.expit(_with_one(asked) @ found)
    return said


def _with_one(features: Floats) -> Floats:
    return np.column_stack([np.ones(len(features)), features])
