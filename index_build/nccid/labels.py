"""What a film shows, by its day: COVID-19 by the window around a swab, severity by the date of the reading."""

from scankin.index_build.nccid.course import swab_days
from scankin.index_build.nccid.dates import day_number
from scankin.index_build.nccid.record import Record

BEFORE_COVID = day_number("2019-11-01")
"""No film from before November 2019 shows COVID-19."""

_GRADES = {"mild": 1.0, "moderate": 2.0, "severe": 3.0}


def covid_at(record: Record, day: int | None, window: tuple[int, int], *, is_positive: bool) -> bool | None:
    """Return whether a film of that day shows COVID-19: by the swabs' window, never by the patient alone.

    Args:
        record: The patient's.
        day: Of the film, days since 1970-01-01; None is unknown.
        window: Days of a film from a swab, both ends excluded (Harkness's executable rule, NCCID.md 4.2).
        is_positive: Of the positive cohort: then a film outside every window is unknown, unless from before COVID-19.
    """
    if day is None:
        return None
    positive, negative = swab_days(record)
    if any(window[0] < day - swab < window[1] for swab in positive):
        return True
    if day < BEFORE_COVID:
        return False
    if is_positive:
        return None
    return False if any(window[0] < day - swab < window[1] for swab in negative) else None


def severity_at(record: Record, day: int | None) -> float | None:
    """Return the site radiologist's severity, 1 mild to 3 severe, of the first or second film, linked by its date."""
    for nth in (1, 2):
        if day is not None and record.day(f"film_{nth}_date") == day:
            grade = _GRADES.get(record.word(f"film_{nth}_severity") or "")
            if grade is not None:
                return grade
    return None
