"""Patients drawn again: weights of all draws at once, and figures with intervals from them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.bootstrap import DRAWS, Figure, redraws

Floats = NDArray[np.float64]
OfDraws = Callable[[Floats], Floats]
"""Takes weights ``[draws, q]`` and returns a figure of each draw."""


def weights_of_draws(weights: Floats, draws: int = DRAWS) -> Floats:
    """Return ``[1 + draws, q]``: the weights of the patients themselves, then times how often each was drawn."""
    patients = np.arange(len(weights))
    counts = [np.bincount(rows, minlength=len(weights)) for rows in redraws(patients, draws)]
    return np.vstack([np.ones(len(weights)), *counts]) * weights


def figure_of(values: Floats, patients: int, chance: float | None = None) -> Figure:
    """Return the figure of ``[1 + draws]`` values: the first with the interval of the others, where defined."""
    drawn = values[1:][np.isfinite(values[1:])]
    low, high = np.percentile(drawn, (2.5, 97.5)) if len(drawn) else (np.nan, np.nan)
    return Figure(float(values[0]), float(low), float(high), patients, patients, chance)
