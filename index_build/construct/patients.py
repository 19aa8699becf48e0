"""Invented patients. NONE IS REAL: a latent severity decides what their films show and what becomes of them."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from scankin.index_build.construct.anatomy import Anatomy, anatomy_of
from scankin.index_build.construct.centres import Centre, Centres
from scankin.index_build.construct.course import Course, course_of
from scankin.index_build.construct.disease import LOBES, Disease, Illness
from scankin.index_build.construct.studies import Study, studies_of_course, studies_of_negative

FIRST_NUMBER = 100_001
"""Of the cohort's patients, who count up from here."""

HELD_OUT_NUMBER = 900_001
"""Of patients in no cohort; a cohort that reached so far would be refused."""

CHILD_SHARE = 0.03
"""Of patients: a children's hospital sends some in."""

UUID_SHARE = 0.05
"""Of pseudonyms that are ``Covid<uuid4>``, a form the warehouse's own tests use."""


@dataclass(frozen=True)
class Patient:
    """One invented patient.

    Attributes:
        number: Unlike any other patient's.
        pseudonym: PatientID, "Covid100001" or "Covid<uuid4>".
        centre: Who sends the patient in.
        is_female: As in the headers.
        born: Birth year.
        chest: Shared by all films.
        illness: What the films show, at its worst.
        swab: First swab; positive when there is a ``course``.
        course: The illness of a positive patient, None for a negative one.
        studies: Oldest first.
        offset_days: By which all dates of the headers but StudyDate and AcquisitionDate are off.
    """

    number: int
    pseudonym: str
    centre: Centre
    is_female: bool
    born: int
    chest: Anatomy
    illness: Disease
    swab: date
    course: Course | None
    studies: tuple[Study, ...]
    offset_days: int

    @property
    def is_positive(self) -> bool:
        """Of the positive cohort."""
        return self.course is not None

    def age(self, day: date) -> int:
        """Return the age in years on ``day``, for a birthday on the first of January."""
        return day.year - self.born

    def disease_at(self, study: Study) -> Disease:
        """Return what is to be seen in one study."""
        return Disease(
            self.illness.illness, study.severity, self.illness.right_share, self.illness.lobe, self.illness.seed
        )


def generator(seed: int, *key: int) -> np.random.Generator:
    """Return the source of chance for one patient: it depends on the seed and the key alone."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def patient_of(rng: np.random.Generator, number: int, centres: Centres, *, is_positive: bool | None = None) -> Patient:
    """Return patient ``number``, drawn from ``rng`` alone; ``is_positive`` None leaves the cohort to the centre."""
    centre = centres.centres[int(rng.choice(len(centres.centres), p=centres.weights))]
    drawn = bool(rng.random() < centre.positive_share)
    positive = drawn if is_positive is None else is_positive
    swab = _swab_day(rng, is_positive=positive)
    age = int(np.clip(rng.normal(66, 16) if positive else rng.normal(61, 18), 18, 99))
    if rng.random() < CHILD_SHARE:
        age = int(rng.integers(4, 16))
    is_female = bool(rng.random() < (0.42 if positive else 0.5))
    chest = anatomy_of(rng, is_female=is_female, age=age)
    course = course_of(rng, age=age, swab=swab) if positive else None
    illness = _illness(rng, course)
    return Patient(
        number=number,
        pseudonym=_pseudonym(rng, number),
        centre=centre,
        is_female=is_female,
        born=swab.year - age,
        chest=chest,
        illness=illness,
        swab=swab,
        course=course,
        studies=studies_of_course(rng, course) if course else studies_of_negative(rng, swab, illness.severity),
        offset_days=int(rng.integers(100, 900)),
    )


def _pseudonym(rng: np.random.Generator, number: int) -> str:
    identifier = uuid.UUID(bytes=rng.bytes(16), version=4)
    return f"Covid{identifier}" if rng.random() < UUID_SHARE and number < HELD_OUT_NUMBER else f"Covid{number}"


def _swab_day(rng: np.random.Generator, *, is_positive: bool) -> date:
    """Two waves, and a trickle; negatives go on being collected after the positives (NCCID's growth after 2021)."""
    wave = rng.choice(3, p=[0.5, 0.35, 0.15] if is_positive else [0.3, 0.3, 0.4])
    if wave == 0:
        day = date(2020, 4, 8) + timedelta(days=int(np.clip(rng.normal(0, 14), -35, 60)))
    elif wave == 1:
        day = date(2021, 1, 8) + timedelta(days=int(np.clip(rng.normal(0, 22), -80, 80)))
    else:
        day = date(2020, 3, 5) + timedelta(days=int(rng.integers(0, 640)))
    return day


def _illness(rng: np.random.Generator, course: Course | None) -> Disease:
    share = float(np.clip(rng.normal(0.5, 0.11), 0.2, 0.8))
    lobe = str(rng.choice(LOBES))
    seed = int(rng.integers(2**31))
    if course is not None:
        return Disease(Illness.COVID, course.peak, share, lobe, seed)
    kinds = (Illness.NONE, Illness.LOBAR, Illness.EFFUSION, Illness.OEDEMA)
    kind = kinds[int(rng.choice(4, p=[0.5, 0.24, 0.14, 0.12]))]
    return Disease(kind, 0.0 if kind is Illness.NONE else float(rng.uniform(0.25, 0.95)), share, lobe, seed)
