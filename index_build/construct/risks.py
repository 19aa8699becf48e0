"""What truly awaits an invented patient on the day of a film: the chances that the generator itself draws with."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scankin.index_build.construct.course import (
    DAYS_TO_DEATH,
    DAYS_TO_INTUBATION,
    DAYS_TO_ITU,
    Course,
    death_chance,
    intubation_chance,
    itu_chance,
)

HORIZONS = (None, 7, 14, 30)
_LAST_DAY = 120
"""Deaths later than so many days after the admission do not occur: their chance is below 1e-10."""


@dataclass(frozen=True)
class _Branch:
    """One way the illness may run: days from admission to each event, None for never."""

    chance: float
    itu: int | None
    intubated: int | None
    deaths: NDArray[np.float64]  # [_LAST_DAY + 1]: chance of dying on each day, given the rest of the branch


def true_risks(course: Course, age: float, day: date) -> dict[str, float]:
    """Return the chance of every event within 7, 14 and 30 days of a film, and at any time, by outcome name.

    It is the chance given all that the generator knows by then: the severity at its worst, the age, and what had
    happened up to the film (that the patient lived, was in intensive care, had a tube). An event that had happened
    before the film has no chance of happening within days; of any time its chance is 1.

    Args:
        course: The illness.
        age: Years, at the swab.
        day: Of the film.
    """
    film = (day - course.admitted).days
    branches = [branch for branch in _branches(course.peak, age) if _agrees(branch, course, film)]
    alive = [branch.chance * (1 - branch.deaths[: max(film, 0)].sum()) for branch in branches]
    has_left_alive = course.died is None and day > course.left
    risks = {}
    for name, horizon in ((name, horizon) for name in ("died", "intensive_care", "intubated") for horizon in HORIZONS):
        key = name if horizon is None else f"{name}_{horizon}d"
        total = 0.0
        for branch, living in zip(branches, alive, strict=True):
            if name == "died":
                last = _LAST_DAY if horizon is None else film + horizon
                share = 0.0 if has_left_alive else branch.deaths[max(film, 0) : max(last + 1, 0)].sum()
                total += branch.chance * share
            else:
                on = branch.itu if name == "intensive_care" else branch.intubated
                is_meant = on is not None and (horizon is None or film <= on <= film + horizon)
                total += living if is_meant else 0.0
        risks[key] = float(min(total / sum(alive), 1.0))
    return risks


def _branches(peak: float, age: float) -> Iterator[_Branch]:
    itu, tube = itu_chance(peak, age), intubation_chance(peak)
    for start in (None, *range(DAYS_TO_ITU)):
        reached = 1 - itu if start is None else itu / DAYS_TO_ITU
        for wait in (None,) if start is None else (None, *range(DAYS_TO_INTUBATION)):
            share = 1.0 if start is None else 1 - tube if wait is None else tube / DAYS_TO_INTUBATION
            tubed = None if start is None or wait is None else start + wait
            begin = start if tubed is None else tubed
            fatal = death_chance(peak, age, is_intubated=tubed is not None)
            yield _Branch(reached * share, start, tubed, fatal * _death_days(1 + (begin or 0)))


@cache
def _death_days(first: int) -> NDArray[np.float64]:
    """Return ``[_LAST_DAY + 1]``: of those who die, the share on each day since admission, none before ``first``."""
    shape, scale = DAYS_TO_DEATH
    days = np.zeros(_LAST_DAY + 1)
    days[first:] = np.diff(stats.gamma.cdf(np.arange(_LAST_DAY - first + 2), shape, scale=scale))
    return days


def _agrees(branch: _Branch, course: Course, film: int) -> bool:
    """Whether the branch is the same as what had truly happened up to the film's day."""
    for drawn, true in ((branch.itu, course.itu), (branch.intubated, course.intubated)):
        on = None if true is None else (true - course.admitted).days
        known = on if on is not None and on <= film else None
        if (drawn if drawn is not None and drawn <= film else None) != known:
            return False
    return True
