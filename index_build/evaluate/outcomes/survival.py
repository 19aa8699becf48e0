"""Times to events: concordance and integrated Brier score under weights for those lost to follow-up.

Whoever is lost is stood for by those of the same collection and statement who are still followed (``times_of``):
inverse probability of censoring given the group (Gerds et al. 2013 for concordance, Graf et al. 1999 for the Brier
score). One probability for everybody, as in Uno et al. 2011, would be wrong here: who is lost has mostly been
discharged alive. A patient who dies without the event never has it (Gray 1988), and stays in the comparison.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.estimates.curves import HORIZON_DAYS, Times

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Followed:
    """Patients with a time, made ready for many draws.

    Attributes:
        comparable: ``[q, q]``: weight of the pair in which the first has the event before the second, in time.
        status: ``[q, d]``: 1 where the event has happened by the end of the day, else 0.
        known: ``[q, d]``: weight of the patient on that day; 0 once lost.
    """

    comparable: Floats
    status: Floats
    known: Floats


def some_of(times: Times, rows: NDArray[np.int64]) -> Times:
    """Return the times of some patients, with the weights they have among all."""
    return Times(times.days[rows], times.is_event[rows], times.is_competing[rows], times.present[rows])


def followed(times: Times) -> Followed:
    """Return the times of some patients, none of whom is without one, made ready."""
    days = times.days
    grid = np.arange(HORIZON_DAYS + 1)
    known = known_by_day(times)
    status = (times.is_event[:, np.newaxis] & (days[:, np.newaxis] <= grid)).astype(np.float64)
    is_case = times.is_event & (days <= HORIZON_DAYS)
    on = np.minimum(days, HORIZON_DAYS)
    is_later = (days[np.newaxis, :] > days[:, np.newaxis]) | ~times.is_event[np.newaxis, :]
    peers = known[:, on].T  # [i, j]: weight of j on the day that i has the event
    comparable = np.where(
        is_case[:, np.newaxis] & is_later, known[np.arange(len(days)), on][:, np.newaxis] * peers, 0.0
    )
    np.fill_diagonal(comparable, 0.0)
    return Followed(comparable, status, known)


def known_by_day(times: Times) -> Floats:
    """Return ``[q, d]`` the weight of each patient on each day.

    It is that of those at risk to the day of the end; from then on whoever had the event, or died without it, is known
    for good.
    """
    at_end = times.present[np.arange(len(times.days)), np.minimum(times.days, HORIZON_DAYS)][:, np.newaxis]
    is_over = (times.days[:, np.newaxis] <= np.arange(HORIZON_DAYS + 1)) & (times.is_event | times.is_competing)[
        :, None
    ]
    found: Floats = np.where(is_over, at_end, times.present)
    return found


def concordance(held: Followed, scores: Floats, counts: Floats) -> Floats:
    """Return ``[draws]`` the share of comparable pairs in which who has the event first scores higher; ties count half.

    Args:
        held: Patients.
        scores: ``[q]``: higher for the sooner.
        counts: ``[draws, q]``: how often each patient was drawn.
    """
    above = scores[:, np.newaxis] - scores[np.newaxis, :]
    agreeing = held.comparable * ((above > 0) + 0.5 * (above == 0))
    yes, every = ((counts @ pairs * counts).sum(axis=1) for pairs in (agreeing, held.comparable))
    found: Floats = np.divide(yes, every, out=np.full_like(every, np.nan), where=every > 0)
    return found


def integrated_brier(held: Followed, curves: Floats, counts: Floats) -> Floats:
    """Return ``[draws]`` the Brier score of cumulative incidences, averaged over days 1 to ``HORIZON_DAYS``.

    Args:
        held: Patients.
        curves: ``[q, HORIZON_DAYS + 1]``: chance of the event by the end of each day.
        counts: ``[draws, q]``.
    """
    weights = counts @ held.known
    scores = np.divide(
        counts @ (held.known * (curves - held.status) ** 2),
        weights,
        out=np.full_like(weights, np.nan),
        where=weights > 0,
    )
    found: Floats = np.nanmean(scores[:, 1:], axis=1)
    return found
