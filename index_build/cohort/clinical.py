"""Clinical files of invented patients: a ``data_`` file for a positive patient, a ``status_`` file for a negative."""

from datetime import date, timedelta
from typing import Any

import numpy as np

from scankin.index_build.cohort.patients import Patient


def clinical_file(patient: Patient, rng: np.random.Generator) -> tuple[str, dict[str, Any]]:
    """Return the file's name and content: month-first dates, but the swab date, as NCCID writes them."""
    uploaded = (patient.died or patient.last_alive or patient.swab) + timedelta(days=int(rng.integers(5, 40)))
    record: dict[str, Any] = {"Pseudonym": patient.pseudonym, "SubmittingCentre": patient.centre}
    if not patient.is_positive:
        record |= {"SwabStatus": "0", "SwabDate": f"{patient.swab:%d/%m/%Y}"}
        return f"status_{uploaded:%Y-%m-%d}.json", record
    severity = patient.severity
    record |= {
        "Age": str(patient.age_years),
        "Sex": "0" if patient.is_female else "1",
        "Date of Positive Covid Swab": _american(patient.swab),
        "Final COVID Status": "1",
        "Date of admission": _american(patient.admitted),
        "Duration of symptoms": str(int(rng.integers(1, 12))),
        "CRP on admission": f"{max(1.0, rng.normal(20 + 220 * severity, 25)):.0f}",
        "Lymphocyte count on admission": f"{max(0.1, rng.normal(1.6 - 1.0 * severity, 0.2)):.2f}",
        "NEWS2 score on arrival": str(int(np.clip(rng.normal(1 + 11 * severity, 1.2), 0, 17))),
        "ITU admission": "1" if patient.itu else "0",
        "Date of ITU admission": _american(patient.itu),
        "Intubation": "1" if patient.intubated else "0",
        "Date of intubation": _american(patient.intubated),
        "Death": "1" if patient.died else "0",
        "Date of death": _american(patient.died),
        "Date last known alive": _american(patient.last_alive),
    }
    if patient.films:
        record["Date of 1st CXR"] = _american(patient.films[0].day)
        record["CXR severity"] = str(1 + int(patient.films[0].severity > 0.35) + int(patient.films[0].severity > 0.6))
    for name in ("CRP on admission", "Lymphocyte count on admission", "NEWS2 score on arrival", "Duration of symptoms"):
        if rng.random() < 0.25:
            record[name] = ""
    return f"data_{uploaded:%Y-%m-%d}.json", record


def _american(day: date | None) -> str:
    return "" if day is None else f"{day:%m/%d/%Y}"
