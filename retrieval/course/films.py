"""Earlier scans of the query's own patient: which of those that were sent count, and how long before the query."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scankin.retrieval.errors import InvalidRequest, Reason, RefusedScan
from scankin.retrieval.fingerprint import DUPLICATE_BITS, FINGERPRINT_BYTES, bits_apart, fingerprint
from scankin.retrieval.keys import normalised
from scankin.retrieval.scan import Scan, View

MOST_EARLIER = 20
"""Earlier scans taken with one query."""

LONGEST_DAYS = 3650
"""Before the query; more is taken for a mistake."""


@dataclass(frozen=True)
class OtherScan:
    """A further scan that was sent with a query.

    Attributes:
        scan: Of the same patient.
        day: Days after the query, negative before it; None: as the study dates of both say.
    """

    scan: Scan
    day: int | None = None


@dataclass(frozen=True)
class EarlierScan:
    """A scan that counts.

    Attributes:
        scan: Of the query's patient.
        days_before: Days before the query, 0 on the same day.
        name: What errors call it, by its place in the request.
    """

    scan: Scan
    days_before: int
    name: str


@dataclass(frozen=True)
class OwnScans:
    """What came of the scans sent with a query.

    Attributes:
        scans: Those that count, oldest first; of one day in the order they were sent.
        notes: What was not used, and where two statements of a day differ, in words.
    """

    scans: tuple[EarlierScan, ...] = ()
    notes: tuple[str, ...] = ()


NO_SCANS = OwnScans()


def own_scans(query: Scan, others: Sequence[OtherScan]) -> OwnScans:
    """Return which further scans count: those of the query's day or before it, each picture once.

    A later scan is left out and named: nothing later than the query informs its answer. A stated day goes before the
    dates in the headers.

    Raises:
        InvalidRequest: There are too many, or a day is more than ten years away.
        RefusedScan: One is blank, of another patient or modality, a lateral beside a frontal film, or of no known day.
    """
    if len(others) > MOST_EARLIER:
        raise InvalidRequest(f"{len(others)} further scans were sent; at most {MOST_EARLIER} are taken.")
    if not others:
        return NO_SCANS
    kept: list[EarlierScan] = []
    notes: list[str] = []
    seen = [(query.pixel_hash, fingerprint(query))]
    for number, other in enumerate(others, start=1):
        name = f"Further scan {number}"
        _require_comparable(name, query, other.scan)
        picture = _picture(name, other.scan)
        day, differs = _day(name, query, other)
        if differs is not None:
            notes.append(differs)
        if day > 0:
            notes.append(f"{name} is dated after the query: it was not used.")
        elif _is_seen(picture, seen):
            notes.append(f"{name} is the same picture as another scan of this request: it was not used.")
        else:
            seen.append(picture)
            kept.append(EarlierScan(other.scan, -day, name))
    kept.sort(key=lambda one: -one.days_before)
    return OwnScans(tuple(kept), tuple(notes))


def _require_comparable(name: str, query: Scan, other: Scan) -> None:
    if other.patient_id and query.patient_id and normalised(other.patient_id) != normalised(query.patient_id):
        raise RefusedScan(
            Reason.OTHER_PATIENT, f"{name}: its PatientID is not the query's. Send scans of one patient only."
        )
    if other.modality is not query.modality:
        raise RefusedScan(
            Reason.OTHER_MODALITY,
            f"{name} is {other.modality.value}, the query {query.modality.value}: they cannot be compared. "
            "Send scans of one modality.",
        )
    if (other.view is View.LATERAL) != (query.view is View.LATERAL):
        raise RefusedScan(
            Reason.NOT_FRONTAL, f"{name}: a lateral and a frontal film cannot be compared. Send films of one kind."
        )


def _day(name: str, query: Scan, other: OtherScan) -> tuple[int, str | None]:
    """Return the day relative to the query, and in words where the headers say another."""
    dates = other.scan.study_date, query.study_date
    dated = None if dates[0] is None or dates[1] is None else (dates[0] - dates[1]).days
    day = dated if other.day is None else other.day
    if day is None:
        raise RefusedScan(
            Reason.UNKNOWN_DAY,
            f"{name} has no day: none was stated, and not both headers hold a StudyDate. State how many days after "
            "the query it was taken, such as -3.",
        )
    if abs(day) > LONGEST_DAYS:
        raise InvalidRequest(f"{name} is {day:,} days from the query; at most {LONGEST_DAYS:,} are possible.")
    if dated is None or dated == day:
        return day, None
    return day, f"{name} was taken on day {day} as stated, on day {dated} by the headers: what was stated was used."


def _picture(name: str, scan: Scan) -> tuple[str, bytes]:
    try:
        return scan.pixel_hash, fingerprint(scan)
    except RefusedScan as error:
        raise RefusedScan(error.reason, f"{name}: {error.message}") from error


def _is_seen(picture: tuple[str, bytes], seen: Sequence[tuple[str, bytes]]) -> bool:
    prints = np.frombuffer(b"".join(print_ for _, print_ in seen), np.uint8).reshape(-1, FINGERPRINT_BYTES)
    is_near = bits_apart(picture[1], prints) <= DUPLICATE_BITS
    return bool(is_near.any()) or picture[0] in {hash_ for hash_, _ in seen}
