"""Figures of every method on the same patients, and how far neighbours' differ from the others', paired."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.outcomes import scores
from scankin.index_build.evaluate.outcomes.draws import figure_of, weights_of_draws
from scankin.index_build.evaluate.outcomes.survival import concordance, integrated_brier
from scankin.index_build.evaluate.outcomes.timed import Timed
from scankin.index_build.evaluate.outcomes.told import BASE_RATE, NEIGHBOURS, Told

Floats = NDArray[np.float64]

AUC, AUPRC, BRIER, SCALED = "AUC", "AUPRC", "Brier", "scaled Brier"
SLOPE, INTERCEPT, ECE = "calibration slope", "calibration intercept", "ECE"
BENEFIT = "net benefit at the base rate"
CONCORDANCE, INTEGRATED = "C-index", "integrated Brier"
LESS_IS_BETTER = (BRIER, ECE, INTEGRATED)
COMPARED = (AUC, AUPRC, BRIER, SCALED, BENEFIT, CONCORDANCE, INTEGRATED)
"""Figures of which a difference says who is better; slope and intercept have their best value between."""

THRESHOLDS = tuple(round(0.02 * step, 2) for step in range(1, 46))
"""Of decision curves: from 2 to 90 in a hundred."""

ByMethod = Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True)
class Compared:
    """Figures by method and name, and neighbours' less those of each other method on the same draws of patients."""

    figures: ByMethod
    differences: ByMethod

    def of(self, method: str, name: str) -> Figure | None:
        """Return a figure; None where there is none."""
        return self.figures.get(method, {}).get(name)

    def less(self, method: str, name: str) -> Figure | None:
        """Return neighbours' figure less another method's; None where there is none."""
        return self.differences.get(method, {}).get(name)


@dataclass(frozen=True)
class DecisionCurves:
    """Net benefit by threshold.

    Attributes:
        thresholds: ``[t]``.
        by_method: ``[t]`` of each method and of "treat all"; treating nobody has 0 everywhere.
        less_best_simple: Of neighbours at each threshold, less the better of treating all and nobody.
    """

    thresholds: tuple[float, ...]
    by_method: Mapping[str, tuple[float, ...]]
    less_best_simple: tuple[Figure, ...]


def ranked_by(chances: Floats, bases: Floats) -> Floats:
    """Return what patients of different folds are ranked by: log odds less those of the base rate without the fold.

    A patient left out makes the base rate of the others differ from their own outcome, so that chances ranked as they
    are, of folds with different base rates, would put even a method that knows nothing below 0.5.
    """
    return scores.logits(chances) - scores.logits(bases)


def compared(told: Told) -> Compared:
    """Return the figures of one outcome that has no refusal."""
    weights = weights_of_draws(told.weights)
    patients = len(told.rows)
    share = float(np.average(told.happened, weights=told.weights))
    threshold = float(told.bases.mean())
    values = {
        method: _of_method(method, chances, told.bases, told.happened, weights, threshold)
        for method, chances in told.chances.items()
    }
    chance = {AUC: 0.5, AUPRC: share}
    return _compared(values, chance.get, patients)


def compared_times(timed: Timed) -> Compared:
    """Return the figures of the days to one event, where nothing refuses it."""
    if timed.held is None:
        return Compared({}, {})
    held = timed.held
    counts = weights_of_draws(np.ones(len(timed.rows)))
    base = timed.curves.get(BASE_RATE)
    middle = np.zeros(len(timed.rows)) if base is None else base[:, -1]
    values = {
        method: {
            CONCORDANCE: concordance(held, ranked_by(curves[:, -1], middle), counts),
            INTEGRATED: integrated_brier(held, curves, counts),
        }
        for method, curves in timed.curves.items()
    }
    return _compared(values, lambda name: 0.5 if name == CONCORDANCE else None, len(timed.rows))


def decisions(told: Told) -> DecisionCurves:
    """Return the decision curves of one outcome."""
    weights = weights_of_draws(told.weights)
    everybody = np.ones(len(told.rows))
    by_method: dict[str, list[float]] = {}
    less = []
    for threshold in THRESHOLDS:
        found = {
            method: scores.net_benefit(chances, told.happened, weights, threshold)
            for method, chances in {**told.chances, "treat all": everybody}.items()
            if method != BASE_RATE
        }
        for method, values in found.items():
            by_method.setdefault(method, []).append(float(values[0]))
        simple = np.maximum(found["treat all"], 0.0)
        less.append(figure_of(found[NEIGHBOURS] - simple, len(told.rows)))
    return DecisionCurves(THRESHOLDS, {name: tuple(held) for name, held in by_method.items()}, tuple(less))


def _of_method(
    method: str, chances: Floats, bases: Floats, happened: Floats, weights: Floats, threshold: float
) -> dict[str, Floats]:
    ranks = ranked_by(chances, bases)
    slope, intercept = scores.calibration(chances, happened, weights)
    if method == BASE_RATE:  # it differs by folds only, and by that it leans against the outcomes
        slope = np.full(len(slope), np.nan)
    return {
        AUC: scores.area(ranks, happened, weights),
        AUPRC: scores.average_precision(ranks, happened, weights),
        BRIER: scores.brier(chances, happened, weights),
        SCALED: scores.scaled_brier(chances, happened, weights),
        SLOPE: slope,
        INTERCEPT: intercept,
        ECE: scores.expected_calibration_error(chances, happened, weights),
        BENEFIT: scores.net_benefit(chances, happened, weights, threshold),
    }


def _compared(
    values: Mapping[str, Mapping[str, Floats]], chance: Callable[[str], float | None], patients: int
) -> Compared:
    mine = values[NEIGHBOURS]
    return Compared(
        {
            method: {name: figure_of(held, patients, chance(name)) for name, held in of_method.items()}
            for method, of_method in values.items()
        },
        {
            method: {
                name: figure_of(mine[name] - held, patients) for name, held in of_method.items() if name in COMPARED
            }
            for method, of_method in values.items()
            if method != NEIGHBOURS
        },
    )
