"""The dirty example of nccid-cleaning and what the official cleaner makes of it, against ours.

Values are from files published with the cleaner (``example/NOTICE.md``), not from this code.
"""

import csv
from datetime import date
from pathlib import Path

import pytest

from scankin.index_build.field_values import FieldValue
from scankin.index_build.nccid.record import fields_of
from scankin.index_build.nccid.versions import Version

FOLDER = Path(__file__).parent / "example"

OURS = {
    "ethnicity": "ethnicity",
    "sex": "sex",
    "temperature_on_admission": "temperature_celsius",
    "ferritin": "ferritin_ug_per_l",
    "systolic_bp": "systolic_mmhg",
    "diastolic_bp": "diastolic_mmhg",
    "age": "age_years",
    "date_of_positive_covid_swab": "positive_swab_date",
    "date_of_admission": "admission_date",
    "swabdate": "swab_date",
    "pmh_hypertension": "hypertension",
    "pmh_diabetes_mellitus_type_2": "diabetes_type_2",
    "pmh_lung_disease": "lung_disease",
    "cxr_severity_2": "film_2_severity",
    "covid_code": "film_1_code",
    "1st_rt-pcr_result": "pcr_1_result",
    "fio2": "fio2_percent",
}
WORDS = {
    "sex": {"F": "female", "M": "male"},
    "pmh_hypertension": {"True": "yes", "False": "no"},
    "pmh_diabetes_mellitus_type_2": {"True": "yes", "False": "no"},
    "pmh_lung_disease": {
        "0": "none",
        "1": "COPD",
        "2": "fibrosis",
        "3": "cystic fibrosis",
        "4": "asthma",
        "5": "other",
    },
    "cxr_severity_2": {"1": "mild", "2": "moderate", "3": "severe"},
    "covid_code": {"0": "normal", "1": "classic", "2": "indeterminate", "3": "non-COVID"},
    "1st_rt-pcr_result": {"Negative": "negative", "Positive": "positive"},
}

DIFFERENCES = {
    ("Patient8", "admission_date"): (None, "2020-03-19"),  # 43909, an Excel serial date, is dropped officially (2.5)
}


def expected(column: str, text: str) -> str | None:
    if text in ("", "Unknown"):
        return None
    text = WORDS.get(column, {}).get(text, text)
    try:
        return f"{float(text):.12g}"
    except ValueError:
        return text


def ours(row: dict[str, str]) -> dict[str, FieldValue]:
    version = Version("", "data_2020-07-01.json", is_data=True, uploaded=date(2020, 7, 1), record=row)
    return {field.field: field for field in fields_of(version, {})}


@pytest.fixture(scope="module")
def rows() -> list[tuple[dict[str, str], dict[str, str]]]:
    dirty, clean = (
        list(csv.DictReader((FOLDER / name).read_text(encoding="utf-8").splitlines()))
        for name in ("dirty.csv", "cleaned.csv")
    )
    return list(zip(dirty, clean, strict=True))


def test_every_difference_from_the_official_cleaner_is_one_of_its_known_defects(
    rows: list[tuple[dict[str, str], dict[str, str]]],
) -> None:
    assert len(rows) == 10
    found = {}
    for dirty, clean in rows:
        fields = ours(dirty)
        for column, name in OURS.items():
            theirs, mine = expected(column, clean[column].strip()), fields[name].value
            if theirs != mine:
                found[dirty["Pseudonym"], name] = theirs, mine
    assert found == DIFFERENCES
