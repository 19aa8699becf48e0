"""A linear probe in closed form: what vectors tell to a ridge classifier fitted on others."""

import numpy as np
from numpy.typing import NDArray

RIDGE = 0.01
"""Per film fitted on, on inputs of unit spread."""


def ridge_scores(
    fitted: NDArray[np.float32], targets: NDArray[np.float64], weights: NDArray[np.float64], asked: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the scores ``[asked, classes]`` of a ridge regression on targets; deterministic.

    Args:
        fitted: ``[n, dim]``.
        targets: ``[n, classes]``.
        weights: ``[n]`` of each film in the fit, at least 0, not all 0.
        asked: ``[asked, dim]``.
    """
    share = weights / weights.sum()
    centre = share @ fitted.astype(np.float64)
    middle = share @ targets
    spread = max(float(fitted.std()), 1e-9)
    inputs = (fitted - centre) / spread
    weighted = inputs * share[:, np.newaxis]
    gram = inputs.T @ weighted + RIDGE * np.eye(inputs.shape[1])
    solved = np.linalg.solve(gram, weighted.T @ (targets - middle))
    return np.asarray((asked - centre) / spread @ solved + middle)


def folds_of(people: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each film, by person."""
    numbers, place = np.unique(people, return_inverse=True)
    return np.random.default_rng(seed).integers(0, folds, len(numbers))[place]
