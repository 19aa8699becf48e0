"""Cox's regression on the same vectors, its penalty chosen on inner folds, with a baseline for those lost."""

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.outcomes.survival import followed, integrated_brier, some_of
from scankin.index_build.evaluate.outcomes.training import INNER_FOLDS
from scankin.retrieval.estimates.curves import HORIZON_DAYS, Times

Floats = NDArray[np.float64]

PENALTIES = (0.3, 1.0, 3.0, 10.0, 100.0)
"""Halves of the precision that log hazard ratios are drawn to 0 with; features have variances that add up to 1."""


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
        held = followed(some_of(times, here))
        for place, penalty in enumerate(PENALTIES):
            said = _fit(fitted[there], some_of(times, there), penalty, fitted[here])
            losses[place] += float(integrated_brier(held, said, np.ones((1, len(here))))[0]) * len(here)
    return _fit(fitted, times, PENALTIES[int(losses.argmin())], asked)


def _fit(fitted: Floats, times: Times, penalty: float, asked: Floats) -> Floats:
    from sksurv.linear_model import CoxPHSurvivalAnalysis  # noqa: PLC0415 (an extra)
    from sksurv.util import Surv  # noqa: PLC0415

    within = _events(times)
    ends = np.where(times.is_competing, HORIZON_DAYS + 1, times.days)
    model = CoxPHSurvivalAnalysis(alpha=penalty, ties="efron").fit(fitted, Surv.from_arrays(within, ends + 0.5))
    middle = fitted.mean(axis=0)
    ratios = np.exp(np.clip((fitted - middle) @ model.coef_, -20, 20))
    known = followed(times).known
    grid = np.arange(HORIZON_DAYS + 1)
    happening = known * (within[:, np.newaxis] & (times.days[:, np.newaxis] == grid))
    gone = within[:, np.newaxis] & (times.days[:, np.newaxis] < grid)
    at_risk = np.where(gone, 0.0, known) * ratios[:, np.newaxis]
    below = at_risk.sum(axis=0)
    hazard = np.divide(happening.sum(axis=0), below, out=np.zeros_like(below), where=below > 0)
    others = np.exp(np.clip((asked - middle) @ model.coef_, -20, 20))
    incidence: Floats = 1 - np.exp(-np.cumsum(hazard)[np.newaxis, :] * others[:, np.newaxis])
    return incidence


def _events(times: Times) -> NDArray[np.bool_]:
    return times.is_event & (times.days <= HORIZON_DAYS)
