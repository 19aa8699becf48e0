"""Units: spellings of people and of UCUM, and conversions."""

import pytest

from scankin.retrieval.clinical import FACTS
from scankin.retrieval.clinical.units import converted, normalised


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("ug/L", "µg/L"),
        ("μg/l", "µg/L"),
        ("mm[Hg]", "mmHg"),
        ("Cel", "°C"),
        ("10*9/L", "10^9/L"),
        ("mg/L{FEU}", "mg/L"),
        ("{breaths}/min", "/min"),
        ("10*3/uL", "10^9/L"),
    ],
)
def test_a_unit_has_one_spelling(written: str, unit: str) -> None:
    assert normalised(written) == unit


@pytest.mark.parametrize(
    ("number", "own", "wanted", "expected"),
    [
        (12.0, "mg/dL", "mg/L", 120.0),
        (98.6, "°F", "°C", 37.0),
        (60.0, "mmHg", "kPa", 7.99932),  # 1 mmHg = 133.322 Pa
        (0.4, "1", "%", 40.0),
        (0.05, "ng/mL", "ng/L", 50.0),
        (5.0, "mmol/L", "mg/L", None),
    ],
)
def test_conversions_are_those_of_the_units(number: float, own: str, wanted: str, expected: float | None) -> None:
    assert converted(number, own, wanted) == (None if expected is None else pytest.approx(expected))


def test_creatinine_in_mass_is_converted_by_its_molar_mass() -> None:
    # 1 mg/dL = 10 mg/L; 113.12 g/mol: 10 / 113.12 mmol/L.
    assert FACTS["creatinine"].number(1.0, "mg/dL") == pytest.approx(10_000 / 113.12, rel=1e-3)


def test_every_unit_of_the_registry_is_in_its_one_spelling_and_equals_its_ucum() -> None:
    for fact in FACTS.values():
        assert normalised(fact.unit) == fact.unit
        assert fact.name == "news2" or normalised(fact.ucum) == fact.unit, fact.name


def test_no_code_is_of_two_facts() -> None:
    for kind in ("loinc", "snomed", "icd10"):
        codes = [code for fact in FACTS.values() for code in getattr(fact, kind)]
        assert len(codes) == len(set(codes))
