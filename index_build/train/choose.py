"""How good an encoder is on the inner fold: the only figure that a training may be steered by."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.bootstrap import area
from scankin.index_build.evaluate.covid import balanced_scores
from scankin.index_build.evaluate.figures import Scope
from scankin.index_build.evaluate.precision import asked_of
from scankin.index_build.evaluate.severity import severity
from scankin.index_build.train.films import Films
from scankin.index_build.train.network import Trunk
from scankin.index_build.train.split import Part
from scankin.index_build.train.whiten import fit_whitening
from scankin.models.adapted import apply_head

PRIMARY = "COVID-19 AUC, balanced pools across sources"
"""Named before any training: T5 of the shortcut audit. The number of epochs is chosen by it."""


def inner_rows(films: Films) -> NDArray[np.int64]:
    """Return the rows that may be looked at while training: those to fit and the inner fold."""
    return np.flatnonzero(films.parts != Part.KEPT_ASIDE)


def measured_on_inner(films: Films, side: int) -> Callable[[Trunk], dict[str, float]]:
    """Return what measures a network: the patients of the inner fold ask, those of the fit answer too."""
    rows = inner_rows(films)
    asks = films.parts[rows] == Part.INNER

    def measure(trunk: Trunk) -> dict[str, float]:
        pooled = trunk.encode(films.crops[rows], side)
        mean, matrix = fit_whitening(pooled[~asks])
        vectors = apply_head(pooled, mean, matrix)
        sample = films.sample(rows, vectors)
        scores = balanced_scores(sample, asks)
        found = {PRIMARY: area(scores.columns["score"], sample.covid[scores.queries])}
        for scope in (Scope.WITHIN, Scope.ACROSS):
            asked = asked_of(sample, scope, asks)
            found[f"P@1 {scope}"] = float(asked.columns["P@1"].mean()) if len(asked.queries) else float("nan")
        for name, measured in severity(sample).items():
            asking = np.flatnonzero(asks[measured.queries])
            found[f"MAE {name}"] = measured.statistic(asking)
        return found

    return measure


def best_epoch(measured: Sequence[dict[str, float]]) -> int:
    """Return the epoch after which the primary figure, as the mean of it and its neighbours, is highest."""
    values = np.array([one[PRIMARY] for one in measured])
    smooth = [values[max(place - 1, 0) : place + 2].mean() for place in range(len(values))]
    return int(measured[int(np.argmax(smooth))]["epoch"])
