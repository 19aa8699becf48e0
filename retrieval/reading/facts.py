"""Facts of the header: who, when, and what the image shows."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from pydicom.dataset import Dataset

from scankin.retrieval.clinical.stated import known
from scankin.retrieval.reading.view import text_of
from scankin.retrieval.scan import Age, Sex

EARLIEST = date(1990, 1, 1)
"""Digital chest films are younger than this; an older date is an error or an offset one."""

OLDEST_YEARS = 120.0

_YEARS_PER = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25, "": 1.0}


@dataclass(frozen=True)
class Facts:
    """What the header says; None where it does not or where it cannot be true.

    Attributes:
        sex, age, study_date: As in ``Scan``.
        patient_id, study_uid, series_uid, manufacturer: As recorded, stripped.
        facts: Height, weight and smoking, by name of ``scankin.retrieval.clinical``; what cannot be is left out.
    """

    sex: Sex | None
    age: Age | None
    study_date: date | None
    patient_id: str | None = field(repr=False)
    study_uid: str | None = field(repr=False)
    series_uid: str | None = field(repr=False)
    manufacturer: str | None
    facts: Mapping[str, float]


def facts_of(dataset: Dataset) -> Facts:
    """Return the facts of a header."""
    study = study_date_of(dataset)
    return Facts(
        sex={"M": Sex.MALE, "F": Sex.FEMALE, "O": Sex.OTHER}.get(text_of(dataset, "PatientSex")),
        age=age_of(dataset, study),
        study_date=study,
        patient_id=_text(dataset, "PatientID"),
        study_uid=_text(dataset, "StudyInstanceUID"),
        series_uid=_text(dataset, "SeriesInstanceUID"),
        manufacturer=_text(dataset, "Manufacturer"),
        facts=known(dict(_stated(dataset))),
    )


def _stated(dataset: Dataset) -> Iterator[tuple[str, float]]:
    """Yield what the patient study module states (PS3.3 C.7.2.2): size in metres, weight in kg, smoking status."""
    for name, keyword, factor in (("height", "PatientSize", 100.0), ("weight", "PatientWeight", 1.0)):
        try:
            yield name, factor * float(dataset.get(keyword) or 0)  # 0 is what de-identification leaves behind
        except (TypeError, ValueError):
            continue
    if (smokes := {"YES": 1.0, "NO": 0.0}.get(text_of(dataset, "SmokingStatus"))) is not None:
        yield "smoker", smokes


def study_date_of(dataset: Dataset) -> date | None:
    """Return the day of the study, else of the acquisition; None when neither is a plausible date."""
    return date_of(dataset, "StudyDate") or date_of(dataset, "AcquisitionDate")


def date_of(dataset: Dataset, keyword: str) -> date | None:
    """Return a DA element; None when it is absent, malformed, before 1990 or in the future."""
    text = str(dataset.get(keyword) or "").strip()
    match = re.fullmatch(r"(\d{4})[-.]?(\d{2})[-.]?(\d{2})", text)
    if not match:
        return None
    try:
        found = date(*(int(part) for part in match.groups()))
    except ValueError:
        return None
    return found if EARLIEST <= found <= date.today() + timedelta(days=1) else None


def age_of(dataset: Dataset, study: date | None) -> Age | None:
    """Return PatientAge (PS3.5 6.2 AS), else study year less birth year.

    NCCID writes some ages without a unit: years. Birth dates there keep their year only, so the difference of years is
    the age by convention.
    """
    match = re.fullmatch(r"(\d{1,3})\s*([YMWD]?)", text_of(dataset, "PatientAge"))
    if match:
        years = int(match[1]) * _YEARS_PER[match[2]]
        # "000Y" is what de-identification leaves behind: infants are written in months, weeks or days.
        is_blank = years == 0 and match[2] in ("Y", "")
        return None if is_blank or years > OLDEST_YEARS else Age.of(round(years, 3))
    birth = re.match(r"(\d{4})", str(dataset.get("PatientBirthDate") or ""))
    if not birth or study is None:
        return None
    years = study.year - int(birth[1])
    return Age.of(float(years)) if 0 <= years <= OLDEST_YEARS else None


def _text(dataset: Dataset, keyword: str) -> str | None:
    return str(dataset.get(keyword) or "").strip() or None
