"""Clinical facts of an NCCID record: what counts on the day of a scan."""

import pytest

from scankin.index_build.field_values import FieldValue, Flag
from scankin.index_build.nccid.dates import day_number
from scankin.index_build.nccid.facts import facts_of
from scankin.index_build.nccid.record import Record

ADMITTED = day_number("2020-04-01")


def record(**values: tuple[str, str | None] | str) -> Record:
    pairs = {name: held if isinstance(held, tuple) else (held, None) for name, held in values.items()}
    fields = {name: FieldValue(name, value, Flag.CLEAN, value, unit) for name, (value, unit) in pairs.items()}
    return Record({**fields, "admission_date": FieldValue("admission_date", "", Flag.CLEAN, "2020-04-01")})


FULL = record(
    oxygen_saturation_percent=("88", "%"),
    crp_mg_per_l=("120", "mg/L"),
    d_dimer_mg_per_l=("0.27", "mg/L"),
    pao2_kpa=("95", "%"),
    hypertension="yes",
    cardiovascular_disease="stroke",
    lung_disease="none",
    diabetes_type_1="no",
    diabetes_type_2="yes",
    smoking="former",
    apache_score=("20", "points"),
)


def test_values_words_and_either_type_of_diabetes() -> None:
    assert facts_of(FULL, ADMITTED) == {
        "spo2": 88.0,
        "crp": 120.0,
        "d_dimer": 0.27,
        "hypertension": 1.0,
        "cardiovascular_disease": 1.0,
        "lung_disease": 0.0,
        "diabetes": 1.0,
        "smoker": 0.0,
    }  # a saturation where a pressure is asked for, and the score of intensive care, are no facts


@pytest.mark.parametrize("day", [ADMITTED - 1, None])
def test_a_scan_before_the_admission_or_of_no_known_day_has_no_facts(day: int | None) -> None:
    assert facts_of(FULL, day) == {}


def test_without_an_admission_date_nothing_is_known_to_be_current() -> None:
    fields = {name: value for name, value in FULL.fields.items() if name != "admission_date"}
    assert facts_of(Record(fields), ADMITTED) == {}


@pytest.mark.parametrize(("first", "second", "found"), [("no", None, None), ("no", "no", 0.0), (None, "yes", 1.0)])
def test_diabetes_is_no_only_where_both_types_are(first: str | None, second: str | None, found: float | None) -> None:
    stated = {"diabetes_type_1": first, "diabetes_type_2": second}
    held = record(**{name: value for name, value in stated.items() if value is not None})
    assert facts_of(held, ADMITTED).get("diabetes") == found
