"""How far estimates were off for everybody at once, from one time to another."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from scankin.retrieval.capacity.beds import poisson_binomial

Floats = NDArray[np.float64]

DRIFTS = np.round(np.arange(0, 2.01, 0.05), 2)
"""Standard deviations of log odds that are told apart; at 2, odds are mostly off by a factor of up to seven."""

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(25)
_LEAST = 1e-300


def drift_likelihood(chances: Floats, happened: int) -> Floats:
    """Return ``[len(DRIFTS)]``: the log likelihood of each drift, from what came of one time's patients.

    Given a common error of their log odds, the patients' number is Poisson's binomial; the error is normal with mean 0.

    Args:
        chances: ``[n]``: of the patients, in (0, 1).
        happened: To how many it happened, at most n.
    """
    odds = special.logit(np.clip(chances, 1e-6, 1 - 1e-6))
    moved = special.expit(odds + (DRIFTS[:, np.newaxis] * _NODES).reshape(-1, 1))
    found = poisson_binomial(moved)[:, happened].reshape(len(DRIFTS), len(_NODES))
    likely: Floats = np.log(np.maximum(found @ (_WEIGHTS / _WEIGHTS.sum()), _LEAST))
    return likely


def drift_sd(likelihoods: Sequence[Floats]) -> float:
    """Return the most likely standard deviation of the common error, at most 2; 0 where no past is known.

    Args:
        likelihoods: ``drift_likelihood`` of each time. An error that stays the same counts too.
    """
    if not likelihoods:
        return 0.0
    return float(DRIFTS[int(np.sum(likelihoods, axis=0).argmax())])
