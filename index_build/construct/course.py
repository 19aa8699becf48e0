"""How an invented illness runs: severity from day to day, and what becomes of the patient."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

DAYS_TO_ITU, DAYS_TO_INTUBATION = 7, 3
"""So many days, each as likely, are possible from admission to intensive care, and from there to a tube."""

DAYS_TO_DEATH = (2.2, 4.0)
"""Shape and scale of the gamma distribution of the days to death, after the first, since the last of these."""


@dataclass(frozen=True)
class Course:
    """The illness of a positive patient.

    Attributes:
        peak: The latent severity at its worst, 0 to 1: what drives both the films and everything below.
        onset: First symptom.
        swab: First positive swab.
        admitted: Not before the swab.
        itu: Admission to intensive care, None when none; not before ``admitted``.
        intubated: None when not; not before ``itu``.
        died: None when alive at the end of the record.
        left: Discharge, or death; not part of NCCID, it ends the daily films.
        last_alive: Last day known alive, None when not recorded.
    """

    peak: float
    onset: date
    swab: date
    admitted: date
    itu: date | None
    intubated: date | None
    died: date | None
    left: date
    last_alive: date | None

    def severity(self, day: date) -> float:
        """Return how ill the lungs look on ``day``: 0 before the first symptom, worst around the tenth day after.

        Those who die stay at their worst; the others clear within weeks (Wang et al. 2020, Radiology 296:E55).
        """
        since = (day - self.onset).days
        if since < 0:
            return 0.0
        worsening = 0.45 + 0.55 * min(since / 10, 1.0)
        clearing = 1.0 if self.died else float(np.exp(-max(since - 12, 0) / 16))
        return self.peak * worsening * clearing


def course_of(rng: np.random.Generator, *, age: float, swab: date) -> Course:
    """Return a course drawn at random for a patient of this age.

    Over all ages about 30 % die and 18 % reach intensive care: UK first-wave figures (Bottle 2021: 29.4 % of 74,781
    admissions; Adderley 2022: 28 % and 18 %), not NCCID's own, which are unpublished.
    """
    peak = float(rng.beta(1.7, 1.9))
    onset = swab - timedelta(days=int(rng.integers(1, 10)))
    admitted = swab + timedelta(days=int(rng.choice(4, p=[0.5, 0.25, 0.15, 0.1])))
    itu = intubated = died = None
    if rng.random() < itu_chance(peak, age):
        itu = admitted + timedelta(days=int(rng.integers(0, DAYS_TO_ITU)))
        if rng.random() < intubation_chance(peak):
            intubated = itu + timedelta(days=int(rng.integers(0, DAYS_TO_INTUBATION)))
    if rng.random() < death_chance(peak, age, is_intubated=intubated is not None):
        died = (intubated or itu or admitted) + timedelta(days=1 + int(rng.gamma(*DAYS_TO_DEATH)))
    left = died or (itu or admitted) + timedelta(days=2 + int(rng.gamma(2.0, 2.0 + 5.0 * peak)))
    seen = died - timedelta(days=1) if died else left + timedelta(days=int(rng.choice([0, 3, 30, 60, 120])))
    last_alive = max(seen, intubated or itu or admitted) if rng.random() < 0.9 else None
    return Course(peak, onset, swab, admitted, itu, intubated, died, left, last_alive)


def itu_chance(peak: float, age: float) -> float:
    """Return the probability of reaching intensive care; the very old are seldom offered it."""
    offered = 1.0 if age < 75 else 0.35 if age < 85 else 0.08
    return offered * chance(peak, 0.70, 14)


def intubation_chance(peak: float) -> float:
    """Return the probability of being intubated, of those in intensive care."""
    return 0.35 + 0.5 * peak


def death_chance(peak: float, age: float, *, is_intubated: bool) -> float:
    """Return the probability of dying."""
    return chance(peak + (age - 66) / 130 + (0.06 if is_intubated else 0.0), 0.665, 11)


def chance(value: float, middle: float, steepness: float) -> float:
    """Return a probability that is one half at ``middle`` and rises with ``value``."""
    return float(1 / (1 + np.exp(-steepness * (value - middle))))
