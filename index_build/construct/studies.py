"""Which films and CTs a patient has, and when."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from scankin.index_build.construct.course import Course, chance
from scankin.index_build.construct.devices import Devices

NO_IMAGES_SHARE = 0.04
"""Of patients: NCCID has clinical files whose patients have no image."""

MOST_STUDIES = 24
"""Of one patient; those who lie in intensive care for weeks have a film a day."""

CT_SHARE = 0.30
"""Of patients who are imaged at all; films to CT come to about 5.5 to 1."""


@dataclass(frozen=True)
class Study:
    """One visit to a machine.

    Attributes:
        day: StudyDate.
        is_ct: A CT, otherwise one film.
        is_ap: For a film, taken in bed.
        severity: How ill the lungs look that day, 0 to 1.
        devices: What is on and in the patient.
        seed: Of everything that differs between two films of one patient.
    """

    day: date
    is_ct: bool
    is_ap: bool
    severity: float
    devices: Devices
    seed: int


def studies_of_course(rng: np.random.Generator, course: Course) -> tuple[Study, ...]:
    """Return the studies of a positive patient, oldest first: earlier years, admission, then the sicker the more."""
    if rng.random() < NO_IMAGES_SHARE:
        return ()
    days = [date(2017, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 1000, _earlier(rng))]
    days.append(course.admitted + timedelta(days=int(rng.random() < 0.25)))
    if course.itu is not None:
        stay = (course.left - course.itu).days
        days += [course.itu + timedelta(days=day) for day in range(0, min(stay, 30), int(rng.integers(1, 4)))]
    for _ in range(int(rng.poisson(0.5 + 1.0 * course.peak))):
        days.append(course.admitted + timedelta(days=int(rng.integers(1, 12))))
    if course.died is None and rng.random() < 0.12:
        days.append(course.left + timedelta(days=int(rng.integers(28, 90))))
    kept = sorted({day for day in days if course.died is None or day <= course.died})[:MOST_STUDIES]
    films = [_film(rng, course, day) for day in kept]
    if rng.random() < CT_SHARE:
        day = course.admitted + timedelta(days=int(rng.integers(0, 3)))
        if course.died is None or day <= course.died:
            films.append(_study(rng, day, is_ct=True, is_ap=False, severity=course.severity(day)))
    return tuple(sorted(films, key=lambda study: (study.day, study.is_ct)))


def studies_of_negative(rng: np.random.Generator, swab: date, severity: float) -> tuple[Study, ...]:
    """Return the studies of a negative patient, all within three weeks of the swab."""
    if rng.random() < NO_IMAGES_SHARE:
        return ()
    days = sorted({int(day) for day in rng.integers(-21, 22, 1 + int(rng.poisson(0.55)))} | {int(rng.integers(-2, 3))})
    studies = [
        _study(rng, swab + timedelta(days=day), is_ct=False, is_ap=bool(rng.random() < ap), severity=severity)
        for day, ap in ((day, 0.30 + 0.45 * severity) for day in days[: 1 + int(rng.random() < 0.6) * len(days)])
    ]
    if rng.random() < CT_SHARE:
        day = swab + timedelta(days=int(rng.integers(-5, 6)))
        studies.append(_study(rng, day, is_ct=True, is_ap=False, severity=severity))
    return tuple(sorted(studies, key=lambda study: (study.day, study.is_ct)))


def _earlier(rng: np.random.Generator) -> int:
    """How many films from before the pandemic: NCCID collects three years back, for positives only."""
    return int(rng.choice([0, 1, 2, 3], p=[0.7, 0.17, 0.09, 0.04]))


def _film(rng: np.random.Generator, course: Course, day: date) -> Study:
    severity = float(np.clip(course.severity(day) + (rng.normal(0, 0.025) if day >= course.onset else 0), 0, 1))
    in_itu = course.itu is not None and course.itu <= day <= course.left
    is_ap = in_itu or bool(rng.random() < (chance(severity, 0.36, 8) if day >= course.onset else 0.1))
    tubed = course.intubated is not None and course.intubated <= day <= course.left
    devices = Devices(
        leads=int(rng.integers(2, 6)) if is_ap and (in_itu or rng.random() < severity) else 0,
        has_airway_tube=tubed,
        has_feeding_tube=tubed or (in_itu and bool(rng.random() < 0.4)),
        has_line=in_itu and bool(rng.random() < 0.7),
        seed=int(rng.integers(2**31)),
    )
    return _study(rng, day, is_ct=False, is_ap=is_ap, severity=severity, devices=devices)


def _study(
    rng: np.random.Generator, day: date, *, is_ct: bool, is_ap: bool, severity: float, devices: Devices | None = None
) -> Study:
    return Study(day, is_ct, is_ap, severity, devices or Devices(), int(rng.integers(2**31)))
