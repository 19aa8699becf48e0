"""How much wider intervals must be than counting says, so that they cover in patients held out."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.estimates.posterior import Shape

SPLITS = 10
"""Ways of halving the patients, over which the excess is averaged: one way alone is too uncertain."""

NARROWER = 2.0
"""Errors are compared among patients this many times nearer than those who answer: what a wide kernel smooths away."""

_INTERVAL_SDS = 3.919928
"""A normal 95 % interval is so many standard deviations wide."""

Floats = NDArray[np.float64]


def excess_of(
    cosines: Floats, happened: Floats, weights: Floats, patients: Sequence[str], concentration: float, shape: Shape
) -> float | None:
    """Return how many times greater the squared error of estimates is than their intervals say; None if unknown.

    Half of the patients answer for the other half. Two patients asked who are alike share the error of their
    estimates but not the chance of their outcomes, so that the mean product of their residuals is the squared error
    alone, with no need to know their true risks. No patient of a pair has a part in the other's estimate.

    Args:
        cosines: ``[q, q]`` between the patients.
        happened, weights: ``[q]``: outcomes, and what each stands for.
        patients: ``[q]``: keys, which decide the halves.
        concentration: Of the kernel.
        shape: Shrinkage and recalibration; its inflation counts as part of what the intervals say.
    """
    error = said = 0.0
    for split in range(SPLITS):
        half = np.array([hashlib.sha256(f"{split} {name}".encode()).digest()[0] & 1 for name in patients], np.bool_)
        for asked, answering in (
            (np.flatnonzero(half), np.flatnonzero(~half)),
            (np.flatnonzero(~half), np.flatnonzero(half)),
        ):
            if not len(asked) or not len(answering):
                continue
            near = cosines[np.ix_(asked, answering)]
            kernels = np.exp(concentration * (near - near.max(axis=1, keepdims=True))) * weights[answering]
            total = kernels.sum(axis=1)
            share, size = kernels @ happened[answering] / total, total**2 / (kernels**2).sum(axis=1)
            base = float(np.average(happened[answering], weights=weights[answering]))
            low, high = shape.interval(share, size, base)
            residuals = weights[asked] * (happened[asked] - shape.estimate(share, size, base))
            spreads = weights[asked] * (high - low) / _INTERVAL_SDS
            alike = np.exp(NARROWER * concentration * (cosines[np.ix_(asked, asked)] - 1))
            np.fill_diagonal(alike, 0.0)
            error += float(residuals @ alike @ residuals)
            said += float(spreads @ alike @ spreads)
    return error / said if said > 0 else None
