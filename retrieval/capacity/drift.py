"""How far estimates were off for everybody at once, from one time to another."""

import math

import numpy as np
from numpy.typing import NDArray


def drift_sd(
    expected: NDArray[np.float64], variance: NDArray[np.float64], happened: NDArray[np.float64]
) -> float | None:
    """Return the standard deviation of a common error of log odds that the past shows, at least 0.

    A common error d of everybody's log odds moves a number by about d times the sum of p(1 - p), so the squared misses
    exceed that sum by its square times d squared (method of moments; DerSimonian and Laird 1986 likewise). An error
    that stays the same counts too.

    Args:
        expected: ``[times]``: sum of the chances of each time's patients.
        variance: ``[times]``: sum of their p(1 - p).
        happened: ``[times]``: to how many it happened.

    Returns:
        None where the past has no patients: nothing is known of it.
    """
    weight = float((variance**2).sum())
    if weight <= 0:
        return None
    excess = float(((happened - expected) ** 2 - variance).sum())
    return math.sqrt(max(excess / weight, 0.0))
