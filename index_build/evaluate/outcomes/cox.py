"""Cox's regression on the same vectors, its penalty chosen on inner folds, with a baseline for those lost."""

import warnings

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.outcomes.survival import followed, integrated_brier, known_by_day, some_of
from scankin.index_build.evaluate.outcomes.training import INNER_FOLDS
from scankin.retrieval.estimates.curves import HORIZON_DAYS, Times

Floats = NDArray[np.float64]

PENALTIES = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3)
"""Precisions that log hazard ratios are drawn to 0 with, falling; features have variances that add up to 1."""
_LASSO = 0.01
"""Share of the penalty that is not quadratic: the solver asks for some."""


def cox_curves(fitted: Floats, times: Times, folds: NDArray[np.int64], asked: Floats) -> Floats:
    """Return ``[q, HORIZON_DAYS + 1]`` chances of the event by the end of each day.

    Coefficients are Cox's with a ridge penalty, that of least integrated Brier score on inner folds. Cumulative hazards
    are Breslow's under the weights of those still followed, so that they are of all patients, not of those followed
    alone. Who dies without the event stays at risk (Fine and Gray 1999); the curve is the incidence of the event.

    Args:
        fitted: ``[n, d]``: patients fitted on, each with a time, some with an event within the horizon.
        times: Theirs.
        folds: ``[n]``: inner fold of each.
        asked: ``[q, d]``.
    """
    losses = np.zeros(len(PENALTIES))
    for fold in range(INNER_FOLDS):
        there, here = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if not len(here) or not _events(times)[there].any():
            continue
        held, once = followed(some_of(times, here)), np.ones((1, len(here)))
        some = some_of(times, there)
        for place, beta in enumerate(_coefficients(fitted[there], some)):
            said = _curves(fitted[there], some, beta, fitted[here])
            losses[place] += float(integrated_brier(held, said, once)[0]) * len(here)
    return _curves(fitted, times, _coefficients(fitted, times)[int(losses.argmin())], asked)


def _coefficients(fitted: Floats, times: Times) -> list[Floats]:
    """Return log hazard ratios ``[d]`` by ``PENALTIES``; where the least cannot be had, those of the next."""
    from sksurv.linear_model import CoxnetSurvivalAnalysis  # noqa: PLC0415 (an extra)
    from sksurv.util import Surv  # noqa: PLC0415

    ends = np.where(times.is_competing, HORIZON_DAYS + 1, times.days)
    outcome = Surv.from_arrays(_events(times), ends + 0.5)
    for last in range(len(PENALTIES), 0, -1):
        alphas = np.array(PENALTIES[:last]) / len(fitted)
        model = CoxnetSurvivalAnalysis(l1_ratio=_LASSO, alphas=alphas)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "all coefficients are zero")  # then the curve is everybody's
                model.fit(fitted, outcome)
        except ArithmeticError:  # a penalty so small that hazards overflow
            continue
        found = list(model.coef_.T)
        return found + [found[-1]] * (len(PENALTIES) - len(found))
    return [np.zeros(fitted.shape[1])] * len(PENALTIES)


def _curves(fitted: Floats, times: Times, beta: Floats, asked: Floats) -> Floats:
    within = _events(times)
    middle = fitted.mean(axis=0)
    ratios = np.exp(np.clip((fitted - middle) @ beta, -20, 20))
    known = known_by_day(times)
    grid = np.arange(HORIZON_DAYS + 1)
    happening = known * (within[:, np.newaxis] & (times.days[:, np.newaxis] == grid))
    gone = within[:, np.newaxis] & (times.days[:, np.newaxis] < grid)
    at_risk = np.where(gone, 0.0, known) * ratios[:, np.newaxis]
    below = at_risk.sum(axis=0)
    hazard = np.divide(happening.sum(axis=0), below, out=np.zeros_like(below), where=below > 0)
    others = np.exp(np.clip((asked - middle) @ beta, -20, 20))
    incidence: Floats = 1 - np.exp(-np.cumsum(hazard)[np.newaxis, :] * others[:, np.newaxis])
    return incidence


def _events(times: Times) -> NDArray[np.bool_]:
    return times.is_event & (times.days <= HORIZON_DAYS)
