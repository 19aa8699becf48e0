"""What a question says of time."""

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

from scankin.retrieval.course.days import NO_DAYS, QueryDays
from scankin.retrieval.errors import InvalidRequest

DAYS_WEIGHT, TRAJECTORY_WEIGHT = 0.05, 0.05
"""What full likeness adds to the cosine unless asked otherwise: soft, so that the picture decides first. Set before
anything was measured with them, and not tuned since (docs/time.md)."""

MOST_WEIGHT = 10.0
"""Beyond this the picture, whose cosine is at most 1, would decide nothing."""


@dataclass(frozen=True)
class TimeAsked:
    """When the query is, and how much time counts.

    Attributes:
        days: Of the query, since what.
        days_weight: What the same days add to a cosine, 0 to 10.
        trajectory_weight: What the same course from earlier scans adds, 0 to 10.
        as_of: Only what was known at the end of this day informs the answer; None: all that the index holds.
    """

    days: QueryDays = NO_DAYS
    days_weight: float = DAYS_WEIGHT
    trajectory_weight: float = TRAJECTORY_WEIGHT
    as_of: date | None = None

    def __post_init__(self) -> None:
        for name in ("days_weight", "trajectory_weight"):
            weight = getattr(self, name)
            if not (math.isfinite(weight) and 0 <= weight <= MOST_WEIGHT):
                raise InvalidRequest(f"{name} is {weight:g}; 0 to {MOST_WEIGHT:g} are possible.")

    def stated(self) -> dict[str, Any]:
        """Return what was asked as plain JSON values."""
        return {
            "days": {kind.value: value for kind, value in self.days.by_anchor.items()},
            "weights": {"days": self.days_weight, "trajectory": self.trajectory_weight},
            "as_of": self.as_of and self.as_of.isoformat(),
        }


NO_TIME = TimeAsked()


def parsed_time(
    *,
    since_admission: int | None = None,
    since_onset: int | None = None,
    since_swab: int | None = None,
    days_weight: float | None = None,
    trajectory_weight: float | None = None,
    as_of: date | None = None,
) -> TimeAsked:
    """Return what a door's optional values say of time; a weight of None is the default one.

    Raises:
        InvalidRequest: A value is out of its range.
    """
    return TimeAsked(
        QueryDays(since_admission, since_onset, since_swab),
        DAYS_WEIGHT if days_weight is None else days_weight,
        TRAJECTORY_WEIGHT if trajectory_weight is None else trajectory_weight,
        as_of,
    )
