"""From patients' chances to the distribution of their number: Poisson's binomial, mixed over what they share."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.stats import qmc

from scankin.retrieval.capacity.forecast import Forecast
from scankin.retrieval.capacity.risks import Floats, GroupRisks, chances
from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes import Outcome, all_outcomes

DRAWS = 256
"""Points of a Sobol sequence over what patients share: expected numbers are then right to a few parts in a thousand."""

HORIZONS = (7, 14)
NEEDS = (EventKind.ICU_ADMISSION, EventKind.INTUBATION)


def needs() -> tuple[Outcome, ...]:
    """Return the outcomes that take a bed or a ventilator: intensive care and intubation within 7 and 14 days."""
    return tuple(one for one in all_outcomes() if one.kind in NEEDS and one.horizon_days in HORIZONS)


def beds(group: GroupRisks, drift: float = 0.0) -> Forecast:
    """Return how many of a group it will happen to.

    Given what the patients have in common (``chances``), they are independent and their number is Poisson's binomial,
    worked out exactly; the common part is integrated over ``DRAWS`` points. Patients treated as independent throughout
    would make the interval too narrow: an index that is off is off for all of them.

    Args:
        group: The patients.
        drift: Standard deviation of the common error of log odds from one time to another (``drift_sd``), at least 0.
    """
    shared, abstained, moved = _points()
    return Forecast(poisson_binomial(chances(group, shared, abstained, drift * moved)).mean(axis=0))


def poisson_binomial(chances_: Floats) -> Floats:
    """Return ``[draws, n + 1]``: the chance of each number of successes of n independent trials, row by row.

    By recursion over the trials, all rows at once: hundreds of calls of ``scipy.stats.poisson_binom``, which takes one
    row at a time, take fifty times as long.

    Args:
        chances_: ``[draws, n]``, of success, in [0, 1].
    """
    draws, trials = chances_.shape
    found = np.zeros((draws, trials + 1))
    found[:, 0] = 1.0
    for trial in range(trials):
        yes = chances_[:, trial, np.newaxis]
        found[:, 1 : trial + 2] = found[:, 1 : trial + 2] * (1 - yes) + found[:, : trial + 1] * yes
        found[:, :1] *= 1 - yes
    return found


@cache
def _points() -> NDArray[np.float64]:
    """Return ``[3, DRAWS]`` standard normal numbers that fill the space evenly, the same in every run."""
    normal: NDArray[np.float64] = special.ndtri(qmc.Sobol(3, rng=np.random.default_rng(1)).random(DRAWS)).T
    normal.setflags(write=False)
    return normal
