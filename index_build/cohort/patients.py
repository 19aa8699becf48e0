"""Invented patients: one latent severity drives both the picture and what becomes of the patient."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from scankin.index_build.cohort.film import Chest, chest_of

POSITIVE_SHARE = 0.34
"""NCCID's final counts: 6,660 of 19,700 patients."""


@dataclass(frozen=True)
class Film:
    """One film to draw.

    Attributes:
        day: When it was taken.
        kind: Of disease, as in ``film.Disease``.
        severity: On that day, 0 to 1.
        is_ap: Taken in bed.
    """

    day: date
    kind: str
    severity: float
    is_ap: bool


@dataclass(frozen=True)
class Patient:
    """One invented patient.

    Attributes:
        pseudonym: "CovidN".
        centre: Submitting centre.
        is_positive: Of the positive cohort.
        is_female, age_years: As they go into the headers.
        severity: The latent severity, 0 to 1.
        swab, admitted, itu, intubated, died, last_alive: Dates; None when it did not happen or is not stated.
        films: In order of day.
        has_ct: A CT series is written too.
        chest: The build that every film shares.
    """

    pseudonym: str
    centre: str
    is_positive: bool
    is_female: bool
    age_years: int
    severity: float
    swab: date
    admitted: date | None
    itu: date | None
    intubated: date | None
    died: date | None
    last_alive: date | None
    films: tuple[Film, ...]
    has_ct: bool
    chest: Chest


def patient_of(number: int, rng: np.random.Generator, centres: int) -> Patient:
    """Return patient ``number``, drawn from ``rng`` alone.

    Deaths come to about 30 % and intensive care to about 18 % of the positive: UK first-wave figures (Bottle 2021,
    Adderley 2022), not NCCID's own, which are not published.
    """
    is_positive = bool(rng.random() < POSITIVE_SHARE)
    is_female = bool(rng.random() < 0.45)
    age = int(np.clip(rng.normal(63, 16), 19, 98))
    severity = float(rng.beta(2.0, 2.6)) if is_positive else float(rng.beta(1.2, 3.0))
    swab = date(2020, 3, 10) + timedelta(days=int(rng.integers(0, 260)))
    admitted = itu = intubated = died = last_alive = None
    if is_positive:
        admitted = swab + timedelta(days=int(rng.integers(0, 4)))
        if rng.random() < _chance(severity, 0.66, 12) * (1.0 if age < 80 else 0.35):
            itu = admitted + timedelta(days=int(rng.integers(0, 6)))
            intubated = itu + timedelta(days=int(rng.integers(0, 2))) if rng.random() < 0.6 else None
        if rng.random() < _chance(severity + (age - 63) / 120, 0.60, 9):
            died = (intubated or itu or admitted) + timedelta(days=int(rng.integers(2, 24)))
        else:
            last_alive = admitted + timedelta(days=int(rng.integers(10, 60)))
    centre = int(min(centres - 1, rng.exponential(max(1.0, centres / 4))))
    return Patient(
        pseudonym=f"Covid{number}",
        centre=f"Constructed NHS Trust {centre + 1:02d}",
        is_positive=is_positive,
        is_female=is_female,
        age_years=age,
        severity=severity,
        swab=swab,
        admitted=admitted,
        itu=itu,
        intubated=intubated,
        died=died,
        last_alive=last_alive,
        films=_films(rng, is_positive=is_positive, severity=severity, start=admitted or swab, died=died),
        has_ct=bool(rng.random() < 0.08),
        chest=chest_of(rng, is_female=is_female),
    )


def _films(
    rng: np.random.Generator, *, is_positive: bool, severity: float, start: date, died: date | None
) -> tuple[Film, ...]:
    """Return no film (3 %), one, or a few over days in which the disease comes and goes."""
    count = 0 if rng.random() < 0.03 else 1 + int(rng.random() < 0.35) + int(rng.random() < 0.15)
    kind = "covid" if is_positive else str(rng.choice(["none", "none", "lobar", "effusion"]))
    films = []
    for index in range(count):
        day = start + timedelta(days=index * int(rng.integers(1, 5)))
        if died is not None and day > died:
            break
        shown = float(np.clip(severity + 0.05 * index + rng.normal(0, 0.03), 0, 1))
        films.append(Film(day, kind, shown, is_ap=bool(rng.random() < _chance(severity, 0.45, 8))))
    return tuple(films)


def _chance(value: float, middle: float, steepness: float) -> float:
    return float(1 / (1 + np.exp(-steepness * (value - middle))))
