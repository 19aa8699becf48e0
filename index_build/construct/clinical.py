"""Clinical files of invented patients, in NCCID's words and formats; clean, but for blank laboratory fields.

Field names keep the spelling of the collection's spreadsheet (schema 2.1), mistakes included. Dates are month first,
but for the swab dates of ``status_*`` files, which are day first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from scankin.index_build.construct.course import Course
from scankin.index_build.construct.patients import Patient

MILD_BELOW, SEVERE_FROM = 0.33, 0.62
"""Where on the latent scale the site's radiologist changes from mild to moderate, and to severe."""

SWAB_DATES_SINCE = date(2021, 10, 1)
"""NCCID's status files list every swab since then."""


@dataclass(frozen=True)
class ClinicalFile:
    """One upload.

    Attributes:
        name: ``data_YYYY-MM-DD.json`` or ``status_YYYY-MM-DD.json``; the date is that of the upload.
        record: Its content.
    """

    name: str
    record: Mapping[str, Any]


def severity_class(severity: float) -> str:
    """Return "mild", "moderate" or "severe" for a latent severity."""
    return "mild" if severity < MILD_BELOW else "moderate" if severity < SEVERE_FROM else "severe"


def clinical_files(rng: np.random.Generator, patient: Patient) -> tuple[ClinicalFile, ...]:
    """Return everything that was uploaded for a patient, oldest first.

    Positive patients have ``data_*``: the newest holds all, a few have an earlier one that knew less, and some have a
    ``status_*`` besides. Negative patients have ``status_*`` only: no age, no sex, no outcome.
    """
    last = max([patient.swab, *(study.day for study in patient.studies)])
    if patient.course is None:
        uploaded = last + timedelta(days=int(rng.integers(3, 60)))
        return (_status(patient, uploaded, positive=False),)
    course = patient.course
    known = [day for day in (course.left, course.last_alive, course.died) if day is not None]
    uploaded = max([last, *known]) + timedelta(days=int(rng.integers(3, 60)))
    labs = _admission(rng, patient, course)
    second = course.swab + timedelta(days=2) if rng.random() < 0.2 else None
    early = course.admitted + timedelta(days=int(rng.integers(1, 7)))
    files = []
    if rng.random() < 0.10:
        files.append(_status(patient, early, positive=True))
    if rng.random() < 0.07 and early < uploaded:
        files.append(_data(patient, course, labs | _second_pcr(second, early), early))
    return (*files, _data(patient, course, labs | _second_pcr(second, uploaded), uploaded))


def _second_pcr(taken: date | None, uploaded: date) -> dict[str, str]:
    """The second PCR, of those who had one, once its result is known; two of ten come back negative."""
    known = taken if taken is not None and taken + timedelta(days=1) <= uploaded else None
    return {
        "Date of acquisition of 2nd RT-PCR": _american(known),
        "Date of result of 2nd RT-PCR": _american(known and known + timedelta(days=1)),
        "2nd RT-PCR result": "" if known is None else str(int(known.toordinal() % 10 > 1)),
    }


def _status(patient: Patient, uploaded: date, *, positive: bool) -> ClinicalFile:
    swab = {"SwabStatus": str(int(positive)), "SwabDate": f"{patient.swab:%d/%m/%Y}"}
    record: dict[str, Any] = {"Pseudonym": patient.pseudonym, "SubmittingCentre": patient.centre.name, **swab}
    if uploaded >= SWAB_DATES_SINCE:
        record["SwabDates"] = [{"SwabDate": swab["SwabDate"], "SwabStatus": swab["SwabStatus"]}]
    return ClinicalFile(f"status_{uploaded:%Y-%m-%d}.json", record)


def _data(patient: Patient, course: Course, labs: Mapping[str, str], uploaded: date) -> ClinicalFile:
    def happened(day: date | None) -> date | None:
        return day if day is not None and day <= uploaded else None

    itu, intubated, died = happened(course.itu), happened(course.intubated), happened(course.died)
    alive = happened(course.last_alive) if uploaded >= course.left else uploaded - timedelta(days=1)
    record: dict[str, Any] = {
        "Pseudonym": patient.pseudonym,
        "SubmittingCentre": patient.centre.name,
        "Hospital": patient.centre.name.replace("NHS Trust", "Hospital"),
        "Date of Positive Covid Swab": _american(course.swab),
        "Date of acquisition of 1st RT-PCR": _american(course.swab),
        "Date of result of 1st RT-PCR": _american(course.swab + timedelta(days=1)),
        "1st RT-PCR result": "1",
        "Final COVID Status": "1",
        "Age": str(patient.age(course.admitted)),
        "Sex": "0" if patient.is_female else "1",
        "Date of admission": _american(course.admitted),
        "Duration of symptoms": str(max((course.admitted - course.onset).days, 1)),
        **labs,
        **_films(patient, course, uploaded),
        "ITU admission": str(int(itu is not None)),
        "Date of ITU admission": _american(itu),
        "Intubation": str(int(intubated is not None)),
        "Date of intubation": _american(intubated),
        "Date last known alive": _american(alive),
        "Death": str(int(died is not None)),
        "Date of death": _american(died),
    }
    return ClinicalFile(f"data_{uploaded:%Y-%m-%d}.json", record)


def _films(patient: Patient, course: Course, uploaded: date) -> dict[str, str]:
    """The reading of the first two films since the illness began; earlier ones are no part of the spreadsheet."""
    seen = [s for s in patient.studies if not s.is_ct and course.onset <= s.day <= uploaded]
    fields: dict[str, str] = {}
    names = (("1st", "CXR severity", "COVID CODE"), ("2nd", "CXR severity 3", "COVID CODE 2"))
    for study, (order, severity, code) in zip(seen, names, strict=False):
        fields[f"Date of {order} CXR"] = _american(study.day)
        fields[severity] = str(1 + ("mild", "moderate", "severe").index(severity_class(study.severity)))
        # BSTI codes: 0 normal, 1 classic, 2 indeterminate
        fields[code] = "0" if study.severity < 0.06 else "2" if study.severity < 0.2 else "1"
    return fields


def _admission(rng: np.random.Generator, patient: Patient, course: Course) -> dict[str, str]:
    """What was measured on arrival, driven by the latent severity; units as NCCID's schema states them."""
    ill, age = course.peak, patient.age(course.admitted)
    saturation_need = float(np.clip(rng.normal(21 + 55 * max(ill - 0.25, 0), 4), 21, 100))
    has_kidney_disease = rng.random() < 0.1 + 0.1 * (age > 70)
    is_smoker = rng.random() < 0.3
    measured = {
        "PaO2": f"{np.clip(rng.normal(12.5 - 5 * ill, 1.4), 4, 20):.1f}",
        "Respiratory rate on admission": f"{max(rng.normal(17 + 14 * ill, 2.5), 10):.0f}",
        "Heart rate on admission": f"{max(rng.normal(84 + 22 * ill, 11), 45):.0f}",
        "FiO2": f"{saturation_need:.0f}",
        "Systolic BP": f"{rng.normal(134 - 10 * ill, 16):.0f}",
        "Diastolic BP": f"{rng.normal(76 - 6 * ill, 9):.0f}",
        "Temperature on admission": f"{np.clip(rng.normal(37.3 + 0.9 * ill, 0.6), 35, 41):.1f}",
        "NEWS2 score on arrival": f"{np.clip(rng.normal(1 + 10 * ill, 1.3), 0, 20):.0f}",
        "WCC on admission": f"{max(rng.normal(6.2 + 3 * ill, 2), 1):.1f}",
        "Lymphocyte count on admission": f"{max(rng.normal(1.65 - 1.1 * ill, 0.22), 0.1):.1f}",
        "Platelet count on admission": f"{max(rng.normal(230, 60), 40):.0f}",
        "CRP on admission": f"{np.exp(rng.normal(np.log(18) + 2.6 * ill, 0.4)):.0f}",
        "D-dimer on admission": f"{np.exp(rng.normal(-0.9 + 2.2 * ill, 0.5)):.1f}",
        "Fibrinogen  if d-dimer not performed": f"{max(rng.normal(4.2 + 2 * ill, 1), 1):.1f}",
        "Troponin I": f"{np.exp(rng.normal(2 + 2.2 * ill, 0.7)):.0f}",
        "Troponin T": f"{np.exp(rng.normal(2.4 + 2 * ill, 0.7)):.0f}" if rng.random() < 0.1 else "",
        "APACHE score on ITU arrival": f"{np.clip(rng.normal(12 + 8 * ill, 4), 2, 60):.0f}" if course.itu else "",
        "Ferritin": f"{np.exp(rng.normal(5.4 + 1.8 * ill, 0.5)):.0f}",
        "Urea on admission": f"{np.exp(rng.normal(1.4 + 0.9 * ill + 0.006 * (age - 60), 0.25)):.1f}",
        "Creatinine on admission": f"{np.exp(rng.normal(4.3 + 0.3 * ill + 0.004 * (age - 60), 0.22)):.0f}",
        "Smoking status": str(rng.choice(4, p=[0, 0.7, 0.2, 0.1]) if is_smoker else 0),
        "Pack year history": f"{rng.integers(1, 60)}" if is_smoker else "0",
        "PMH CKD": str(int(has_kidney_disease)),
        "If CKD, stage": str(rng.integers(2, 6)) if has_kidney_disease else "",
        "PMH diabetes mellitus TYPE I": "1" if rng.random() < 0.01 else "",
        "Current ACEi use": str(int(rng.random() < 0.2)),
        "Current Angiotension receptor blocker use": str(int(rng.random() < 0.12)),
        "Current NSAID used": str(rng.choice(3, p=[0.8, 0.1, 0.1])),
        "PMH hypertension": str(int(rng.random() < (age - 20) / 110)),
        "PMH diabetes mellitus type II": str(int(rng.random() < 0.27)),
        "PMH CVS disease": str(rng.choice(5, p=[0.7, 0.1, 0.06, 0.08, 0.06])),
        "PMH Lung disease": str(rng.choice(7, p=[0.72, 0.1, 0.01, 0.01, 0.1, 0.03, 0.03])),
        "Ethnicity": str(rng.choice(["A", "C", "H", "J", "M", "N", "Z"], p=[0.62, 0.06, 0.08, 0.05, 0.05, 0.05, 0.09])),
    }
    return {name: "" if rng.random() < patient.centre.blank_share else value for name, value in measured.items()}


def _american(day: date | None) -> str:
    return "" if day is None else f"{day:%m/%d/%Y}"
