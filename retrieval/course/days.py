"""How far into the illness a scan is: days since admission, first symptom and first positive swab."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.case import Case, EventKind
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.likeness import Likeness
from scankin.retrieval.records import ScanRecord

ANCHORS = (EventKind.ADMISSION, EventKind.SYMPTOM_ONSET, EventKind.POSITIVE_SWAB)
"""What days are counted from: the first of each kind."""

LEAST_DAYS, MOST_DAYS = -365, 3650
"""Days outside are taken for mistakes: nobody states an admission of the year after next, or of eleven years ago."""

SCALE_DAYS = 6.0
"""So many days apart, likeness falls to 1/e. Wang et al. 2020 (Radiology 296:E55) describe the lungs in COVID-19 by
stages of six days from the first symptom (0-5, 6-11, 12-17, 18-23): one stage apart is much less alike, two hardly."""

Days = Mapping[EventKind, int | None]
"""By anchor, in their order; negative before it, None when not known."""


@dataclass(frozen=True)
class QueryDays:
    """Days of the query, as its sender states them; nothing is taken from what the index knows of its patient.

    Attributes:
        since_admission, since_onset, since_swab: -365 to 3,650, negative before; None when not stated.
    """

    since_admission: int | None = None
    since_onset: int | None = None
    since_swab: int | None = None

    def __post_init__(self) -> None:
        for name in ("since_admission", "since_onset", "since_swab"):
            value = getattr(self, name)
            if value is not None and not LEAST_DAYS <= value <= MOST_DAYS:
                raise InvalidRequest(f"days_{name} is {value}; {LEAST_DAYS} to {MOST_DAYS:,} days are possible.")

    @property
    def by_anchor(self) -> Days:
        """The same by anchor."""
        return dict(zip(ANCHORS, (self.since_admission, self.since_onset, self.since_swab), strict=True))

    @property
    def are_stated(self) -> bool:
        """Whether any is."""
        return any(value is not None for value in self.by_anchor.values())


NO_DAYS = QueryDays()


def days_of(record: ScanRecord, case: Case) -> Days:
    """Return the days of an indexed scan since each anchor.

    Args:
        record: The scan. Its own days since admission go before what its patient's events say.
        case: Its patient.
    """
    days = {
        kind: None if record.day is None or (on := case.day_of(kind)) is None else record.day - on for kind in ANCHORS
    }
    if record.days_since_admission is not None:
        days[EventKind.ADMISSION] = record.days_since_admission
    return days


def day_columns(records: Sequence[ScanRecord], cases: Mapping[str, Case]) -> NDArray[np.float64]:
    """Return ``[n, 3]``: days of each scan since each anchor, NaN where not known."""
    rows = [[math.nan if d is None else d for d in days_of(one, cases[one.patient]).values()] for one in records]
    return np.array(rows, np.float64).reshape(-1, len(ANCHORS))


def days_likeness(asked: QueryDays, columns: NDArray[np.float64], weight: float) -> Likeness:
    """Return how alike every scan's time is to the query's: exp(-gap / 6 days), averaged over shared anchors.

    1 on the same day since every anchor that both know; NaN where they share none.

    Args:
        asked: Days of the query, at least one.
        columns: ``[n, 3]`` of the index (``day_columns``).
        weight: As in ``Likeness``.
    """
    own = np.array([math.nan if value is None else value for value in asked.by_anchor.values()])
    alike = np.exp(-np.abs(columns - own) / SCALE_DAYS)
    shared = ~np.isnan(alike)
    counts = shared.sum(axis=1)
    sums = np.where(shared, alike, 0.0).sum(axis=1)
    values = np.divide(sums, counts, out=np.full(len(columns), np.nan), where=counts > 0)
    return Likeness("days", weight, values)
