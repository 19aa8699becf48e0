"""Scores of foretold chances against what happened, under weights; all for many draws of patients at once.

Weights are ``[draws, q]``: what each patient stands for, times how often the patient was drawn. What is not defined in
a draw is NaN there.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

BINS = 10
_CLIP = 1e-6
_NEWTON_STEPS = 25
_STEEPEST = 50.0


def logits(chances: Floats) -> Floats:
    """Return log odds, chances kept a millionth from 0 and 1."""
    found: Floats = special.logit(np.clip(chances, _CLIP, 1 - _CLIP))
    return found


def area(scores: Floats, happened: Floats, weights: Floats) -> Floats:
    """Return ``[draws]`` the area under the ROC curve (Mann and Whitney), ties counting half."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    held = weights[:, order]
    yes = np.add.reduceat(held * happened[order], starts, axis=1)
    no = np.add.reduceat(held * (1 - happened[order]), starts, axis=1)
    below = np.cumsum(no, axis=1) - no / 2
    return _ratio((yes * below).sum(axis=1), yes.sum(axis=1) * no.sum(axis=1))


def area_within(scores: Floats, happened: Floats, weights: Floats, groups: NDArray[np.int64]) -> Floats:
    """Return ``[draws]`` the area over pairs of one group only: differences between groups cannot answer."""
    agreeing, pairs = np.zeros(len(weights)), np.zeros(len(weights))
    for group in np.unique(groups):
        part = np.flatnonzero(groups == group)
        some = weights[:, part]
        both = (some @ happened[part]) * (some @ (1 - happened[part]))
        agreeing += np.nan_to_num(area(scores[part], happened[part], some)) * both
        pairs += both
    return _ratio(agreeing, pairs)


def average_precision(scores: Floats, happened: Floats, weights: Floats) -> Floats:
    """Return ``[draws]`` the area under precision and recall, as a sum over thresholds without interpolation."""
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(-scores[order], prepend=-np.inf))
    held = weights[:, order]
    yes = np.add.reduceat(held * happened[order], starts, axis=1)
    both = np.add.reduceat(held, starts, axis=1)
    precision = _ratio(np.cumsum(yes, axis=1), np.cumsum(both, axis=1))
    return _ratio((np.nan_to_num(precision) * yes).sum(axis=1), yes.sum(axis=1))


def brier(chances: Floats, happened: Floats, weights: Floats) -> Floats:
    """Return ``[draws]`` the mean squared error (Brier 1950); less is better."""
    return mean((chances - happened) ** 2, weights)


def mean(values: Floats, weights: Floats) -> Floats:
    """Return ``[draws]`` the weighted mean of ``[q]`` values."""
    return _ratio(weights @ values, weights.sum(axis=1))


def scaled_brier(chances: Floats, happened: Floats, weights: Floats) -> Floats:
    """Return ``[draws]`` by which share the Brier score is below that of stating the share that happened, at most 1."""
    share = mean(happened, weights)
    return 1 - _ratio(brier(chances, happened, weights), share * (1 - share))


def calibration(chances: Floats, happened: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return ``[draws]`` calibration slope and intercept: logistic regression on the log odds (Cox 1958).

    The intercept is that with the slope held at 1: calibration in the large. A slope below 1 means chances too extreme.
    NaN where chances are all alike or the outcomes are all of one kind, so that neither is determined.
    """
    odds = logits(chances)
    slope = np.ones(len(weights))
    intercept, alone = np.zeros(len(weights)), np.zeros(len(weights))
    for _ in range(_NEWTON_STEPS):
        found = special.expit(intercept[:, np.newaxis] + slope[:, np.newaxis] * odds)
        off, curve = weights * (happened - found), weights * found * (1 - found)
        a, b, c = curve.sum(axis=1), curve @ odds, curve @ odds**2
        first, second = off.sum(axis=1), off @ odds
        determinant = a * c - b * b
        with np.errstate(divide="ignore", invalid="ignore"):
            step = (c * first - b * second) / determinant, (a * second - b * first) / determinant
        intercept = intercept + np.clip(step[0], -5, 5)
        slope = slope + np.clip(step[1], -5, 5)
        level = special.expit(alone[:, np.newaxis] + odds)
        curve = weights * level * (1 - level)
        with np.errstate(divide="ignore", invalid="ignore"):
            alone = alone + np.clip((weights * (happened - level)).sum(axis=1) / curve.sum(axis=1), -5, 5)
    share = mean(happened, weights)
    both = (share > 0) & (share < 1)
    steep = both & (np.ptp(odds) > 1e-3) & (np.abs(slope) < _STEEPEST)
    return np.where(steep, slope, np.nan), np.where(both, alone, np.nan)


def bins_of(chances: Floats, least: int = 1) -> list[NDArray[np.int64]]:
    """Return positions in at most ``BINS`` bins of about as many patients, rising, each of at least ``least``."""
    count = max(1, min(BINS, len(chances) // max(least, 1)))
    return [part for part in np.array_split(np.argsort(chances, kind="stable"), count) if len(part)]


def expected_calibration_error(chances: Floats, happened: Floats, weights: Floats) -> Floats:
    """Return ``[draws]`` the mean gap between foretold and observed over ten bins of the foretold, in [0, 1].

    Of few patients it is above 0 even where chances are true: each bin's observed share is uncertain.
    """
    total = np.zeros(len(weights))
    for part in bins_of(chances):
        total += np.abs(weights[:, part] @ (chances[part] - happened[part]))
    return _ratio(total, weights.sum(axis=1))


def net_benefit(chances: Floats, happened: Floats, weights: Floats, threshold: float) -> Floats:
    """Return ``[draws]`` the net benefit of treating whose chance reaches a threshold in (0, 1) (Vickers, Elkin 2006).

    In true positives a patient; treating nobody has 0, and all: the net benefit of chances of 1.
    """
    treated = (chances >= threshold).astype(np.float64)
    cost = threshold / (1 - threshold)
    return mean(treated * (happened - cost * (1 - happened)), weights)


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(below, np.nan), where=below > 0)
