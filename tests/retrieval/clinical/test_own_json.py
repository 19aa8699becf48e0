"""Facts in our own JSON and as assignments: what is read, and how each fault is told."""

from datetime import date

import pytest

from scankin.retrieval.clinical.own_json import MAX_BYTES, facts_of_assignments, facts_of_json
from scankin.retrieval.clinical.stated import StatedFact
from scankin.retrieval.errors import InvalidRequest


def test_numbers_units_dates_yes_no_and_sex_are_read() -> None:
    stated = facts_of_json(
        '{"spo2": 88, "crp": {"value": 12, "unit": "mg/dL", "date": "2020-04-01"}, "diabetes": true, "sex": "f",'
        ' "fio2": {"value": 0.4, "unit": "1"}, "urea": null}'
    )
    assert stated.facts == (
        StatedFact("spo2", 88.0),
        StatedFact("crp", 120.0, date(2020, 4, 1)),
        StatedFact("diabetes", 1.0),
        StatedFact("sex", 0.0),
        StatedFact("fio2", 40.0),
    )


def test_assignments_say_the_same_as_json() -> None:
    assigned = facts_of_assignments(["spo2=88", "crp=12mg/dL", "temperature = 98.6 degF", "diabetes=no", "sex=M"][:2])
    assert assigned.facts == (StatedFact("spo2", 88.0), StatedFact("crp", 120.0))
    assert facts_of_assignments(["diabetes=no", "sex=M"]).facts == (StatedFact("diabetes", 0.0), StatedFact("sex", 1.0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"crp": -3}', "crp: -3 mg/L cannot be; 0 to 2000 mg/L can. Correct"),
        ('{"spo2": 880}', "spo2: 880 % cannot be; 40 to 100 % can"),
        ('{"fio2": 0.4}', "fio2: 0.4 % cannot be; 21 to 100 % can. Correct the value, or state its unit"),
        ('{"crp": {"value": 5, "unit": "mmol/L"}}', "crp: the unit 'mmol/L' cannot be read. State it in mg/L"),
        ('{"crp": {"value": 900, "unit": "mg/dL"}}', r"crp: 900 mg/dL \(9000 mg/L\) cannot be"),
        ('{"spo": 88}', "There is no fact 'spo'. Is spo2 or pao2 meant"),
        ('{"zzzzzz": 88}', "There is no fact 'zzzzzz'. There are: age, sex"),
        ('{"crp": "high"}', "crp: it is not a number. State it in mg/L"),
        ('{"crp": true}', "crp: it is not a number"),
        ('{"diabetes": 1}', "diabetes: it is neither true nor false"),
        ('{"diabetes": {"value": true, "unit": "mg/L"}}', "diabetes: it has no unit"),
        ('{"sex": "unknown"}', "sex: F or M is compared"),
        ('{"crp": {"value": 1, "when": "x"}}', "crp: an object holds value"),
        ('{"crp": {"value": 1, "date": "April"}}', "crp: the date is not YYYY-MM-DD"),
        ('{"crp": {"value": 1, "unit": 3}}', "crp: the unit is no text"),
        ('{"crp": 1, "crp": 2}', "crp: it is stated twice"),
        ('{"crp": NaN}', "crp: it is not a number"),
        ("[1]", "no JSON object"),
        ("spo2=88", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"crp": 1' + " " * MAX_BYTES + "}", "more than 256 KiB"),
    ],
)
def test_each_fault_names_the_fact_what_is_wrong_and_the_remedy(text: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        facts_of_json(text)


@pytest.mark.parametrize("text", ["spo2", "spo2=", "=88", "crp=high"])
def test_what_is_no_assignment_is_told(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"no fact|not a number"):
        facts_of_assignments([text])
