"""Logistic regression of a few coefficients with weights and a pull towards given ones."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

_STEPS, _SETTLED = 50, 1e-9


def fit_logistic(terms: Floats, happened: Floats, weights: Floats, towards: Floats, pull: Floats) -> Floats:
    """Return the coefficients that maximise the weighted likelihood less half of ``pull * (b - towards)^2``.

    Newton's method; the pull keeps the solution finite where outcomes are separated.

    Args:
        terms: ``[n, d]``.
        happened: ``[n]``, 0 or 1.
        weights: ``[n]``, in patients.
        towards: ``[d]``.
        pull: ``[d]``, above 0: in units of information.
    """
    found = towards.astype(np.float64)
    for _ in range(_STEPS):
        chance = special.expit(terms @ found)
        gradient = terms.T @ (weights * (happened - chance)) - pull * (found - towards)
        curvature = (terms * (weights * chance * (1 - chance))[:, np.newaxis]).T @ terms + np.diag(pull)
        step = np.clip(np.linalg.solve(curvature, gradient), -2.0, 2.0)
        found = found + step
        if np.abs(step).max() < _SETTLED:
            break
    return found
