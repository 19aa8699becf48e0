"""How alike patients fared day by day: Kaplan-Meier and Aalen-Johansen curves under the kernel, with bands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.case import Case, EventKind, State
from scankin.retrieval.estimates.evidence import LEAST_KNOWN_SHARE
from scankin.retrieval.estimates.posterior import Shape
from scankin.retrieval.follow_up import Ending, follow_up
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.summaries import wilson

HORIZON_DAYS = 30
CURVE_OUTCOMES = {
    "died_30d": EventKind.DEATH,
    "intensive_care_30d": EventKind.ICU_ADMISSION,
    "intubated_30d": EventKind.INTUBATION,
}
"""Outcomes that a curve leads up to, and what must happen."""


Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Times:
    """Time from each scan of an index to one kind of event, to death without it, or to the end of what is known.

    Attributes:
        days: ``[n]`` int64, at most ``HORIZON_DAYS + 1``; -1 where nothing is known or the patient was not at risk.
        is_event, is_competing: ``[n]``: the time ends with the event; with death without it (never for death itself).
        present: ``[n, HORIZON_DAYS + 1]`` float64: weight of the scan among those at risk on each day.
    """

    days: NDArray[np.int64]
    is_event: NDArray[np.bool_]
    is_competing: NDArray[np.bool_]
    present: Floats


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve over days 0 to ``HORIZON_DAYS`` after the scan.

    Attributes:
        name: Of the outcome it leads up to.
        happened: ``[d]`` cumulative incidence of the event by the end of each day, in [0, 1]; for death one less
            Kaplan and Meier's survival, for other events Aalen and Johansen's with death without it competing.
        low, high: ``[d]`` 95 % band, by Greenwood's formula on the effective numbers.
        competing: ``[d]`` cumulative incidence of death without the event; all 0 for death.
        at_risk: ``[d]`` patients of the index followed without an event to the beginning of each day.
        patients: How many have a time at all.
        effective_n: Their effective number under the kernel.
    """

    name: str
    happened: Floats
    low: Floats
    high: Floats
    competing: Floats
    at_risk: NDArray[np.int64]
    patients: int
    effective_n: float


def times_of(kind: EventKind, records: Sequence[ScanRecord], cases: Mapping[str, Case]) -> Times:
    """Return the times of every scan, weighted for those like it who were lost.

    Whoever is stated not to have had the event, and is lost before day d, is stood for by those of the same collection
    and statement who are still followed on day d: weights of the inverse probability of censoring (Robins and
    Finkelstein 2000). Patients who have the event, or die, are never lost. Where none without the event is followed at
    all in a collection, its events would stand alone, and the whole collection is left out.
    """
    days = np.full(len(records), -1, np.int64)
    is_event, is_competing = np.zeros(len(records), np.bool_), np.zeros(len(records), np.bool_)
    undated: dict[tuple[str, State], int] = {}
    groups: dict[tuple[str, State], list[int]] = {}
    for row, record in enumerate(records):
        case = cases[record.patient]
        time = follow_up(case, kind, record.day)
        if time is not None and time.ending is Ending.CENSORED and case.ever(kind) is State.HAPPENED:
            time = None  # it happened on a day that is not known
        died = case.day_of(EventKind.DEATH)
        group = (record.collection, case.ever(kind))
        if time is None:
            could = record.day is not None and case.day_of(kind) is None and case.ever(kind) is not State.UNKNOWN
            undated[group] = undated.get(group, 0) + int(could)
            continue
        days[row] = min(time.days, HORIZON_DAYS + 1)
        is_event[row] = time.ending is Ending.EVENT
        is_competing[row] = (
            not is_event[row]
            and kind is not EventKind.DEATH
            and died is not None
            and died - (record.day or 0) == time.days
        )
        groups.setdefault(group, []).append(row)
    present = np.zeros((len(records), HORIZON_DAYS + 1))
    left_out = {collection for (collection, ever), lost in undated.items() if lost and (collection, ever) not in groups}
    for (collection, ever), rows in groups.items():
        held = np.array(rows)
        everybody = len(held) + undated.get((collection, ever), 0)
        if len(held) < LEAST_KNOWN_SHARE * everybody:
            left_out.add(collection)
        is_lost = ~is_event[held] & ~is_competing[held]
        ended = len(held) - int(is_lost.sum())
        factor = everybody / len(held)
        for day in range(HORIZON_DAYS + 1):
            still = days[held] >= day
            staying = int((still & is_lost).sum())
            weight = np.where(is_lost, (len(held) - ended) / staying if staying else 0.0, 1.0)
            present[held, day] = np.where(still, factor * weight, 0.0)
    outside = np.array([record.collection in left_out for record in records], np.bool_)
    present[outside] = 0.0
    days[outside] = -1
    return Times(days, is_event & ~outside, is_competing & ~outside, present)


def curve(name: str, times: Times, rows: NDArray[np.int64], weights: Floats, shape: Shape) -> Curve | None:
    """Return the curve of patients under kernel weights; None when none of them has a time.

    Args:
        name: Of the outcome it leads up to.
        times: Of all scans.
        rows: ``[p]``: one scan a patient.
        weights: ``[p]``: kernel weights, above 0.
        shape: Says what evidence is worth for the band.
    """
    is_held = times.days[rows] >= 0
    rows, weights = rows[is_held], weights[is_held]
    if not len(rows):
        return None
    days = times.days[rows]
    present = times.present[rows] * weights[:, np.newaxis]
    total, squares = present.sum(axis=0), (present**2).sum(axis=0)
    sizes = np.divide(total**2, squares, out=np.zeros_like(total), where=squares > 0)
    on_day = days[:, np.newaxis] == np.arange(HORIZON_DAYS + 1)
    hazards = [
        np.divide((present * on_day)[chosen[rows]].sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
        for chosen in (times.is_event, times.is_competing)
    ]
    free = np.cumprod(1 - hazards[0] - hazards[1])
    before = np.concatenate([[1.0], free[:-1]])
    happened, competing = np.cumsum(before * hazards[0]), np.cumsum(before * hazards[1])
    low, high = _band(happened, before, shape.worth(sizes))
    return Curve(
        name,
        happened,
        low,
        high,
        competing,
        (days[:, np.newaxis] >= np.arange(HORIZON_DAYS + 1)).sum(axis=0),
        len(rows),
        float(sizes[0]),
    )


def _band(happened: Floats, free_before: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Return the ends of a 95 % band: Wilson's interval at the number of patients that Greenwood's variance is worth.

    Those who died without the event stay in the denominator (Gray 1988), so that 1 less the incidence is a product of
    daily chances and Greenwood's formula holds for it; with nothing competing it is Greenwood's own.
    """
    not_yet = 1 - np.concatenate([[0.0], happened[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(not_yet > 0, 1 - (1 - happened) / not_yet, 0.0)
        numbers = sizes * not_yet / free_before
        added = np.where(hazard > 0, hazard / (numbers * (1 - hazard)), 0.0)
        worth = happened / ((1 - happened) * np.cumsum(added))
    # Before the first event the variance is 0 and says nothing; from where nobody is followed the band cannot narrow.
    worth = np.where(np.isfinite(worth) & (happened > 0), worth, numbers)
    worth = np.minimum.accumulate(np.where(np.isfinite(worth) & (worth > 0), worth, 1.0))
    ends = [wilson(float(share), float(size)) for share, size in zip(happened, worth, strict=True)]
    return np.array([low for low, _ in ends]), np.array([high for _, high in ends])
