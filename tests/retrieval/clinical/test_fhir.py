"""Facts in FHIR: resources written out as the R4 specification has them."""

import json
from datetime import date
from typing import Any

import pytest

from scankin.retrieval.clinical.own_json import facts_of_json
from scankin.retrieval.clinical.stated import StatedFact, StatedFacts
from scankin.retrieval.errors import InvalidRequest

LOINC, SNOMED, ICD10 = "http://loinc.org", "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10"


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def observation(code: str, value: float | None = None, unit: str | None = None, **more: Any) -> dict[str, Any]:
    held = {} if value is None else {"valueQuantity": {"value": value, **({"code": unit} if unit else {})}}
    return {"resourceType": "Observation", "status": "final", "code": coded(LOINC, code), **held, **more}


def condition(system: str, code: str, verification: str | None = None, clinical: str | None = None) -> dict[str, Any]:
    held = {"resourceType": "Condition", "code": coded(system, code), "subject": {"reference": "Patient/p1"}}
    if verification:
        held["verificationStatus"] = coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", verification)
    if clinical:
        held["clinicalStatus"] = coded("http://terminology.hl7.org/CodeSystem/condition-clinical", clinical)
    return held


def read(*resources: dict[str, Any]) -> StatedFacts:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}
    return facts_of_json(json.dumps(bundle))


def test_observations_count_by_loinc_with_their_ucum_unit() -> None:
    stated = read(
        observation("1988-5", 12, "mg/dL", effectiveDateTime="2020-04-01T08:30:00+01:00"),
        observation("59408-5", 88, "%", effectivePeriod={"start": "2020-04-01", "end": "2020-04-02"}),
        observation("8310-5", 98.6, "[degF]"),
    )
    assert stated.facts[0].value == pytest.approx(37.0)  # undated ones come first
    assert stated.facts[1:] == (
        StatedFact("crp", 120.0, date(2020, 4, 1)),
        StatedFact("spo2", 88.0, date(2020, 4, 2)),
    )


def test_the_pressures_of_one_measurement_are_its_components() -> None:
    parts = [
        {"code": coded(LOINC, "8480-6"), "valueQuantity": {"value": 131, "code": "mm[Hg]"}},
        {"code": coded(LOINC, "8462-4"), "valueQuantity": {"value": 68, "code": "mm[Hg]"}},
    ]
    stated = read(observation("85354-9", component=parts))
    assert stated.facts == (StatedFact("systolic", 131.0), StatedFact("diastolic", 68.0))


def test_of_one_day_the_last_measurement_counts() -> None:
    times = {"2020-04-01T18:00:00Z": 80, "2020-04-01T06:00:00Z": 120}
    stated = read(*(observation("1988-5", value, "mg/L", effectiveDateTime=time) for time, value in times.items()))
    assert stated.facts == (StatedFact("crp", 80.0, date(2020, 4, 1)),)


def test_a_condition_is_yes_when_confirmed_no_when_refuted_and_else_not_stated() -> None:
    stated = read(
        condition(SNOMED, "44054006", "confirmed", "active"),
        condition(ICD10, "I10"),
        condition(ICD10, "N18.3", "refuted"),
        condition(ICD10, "J44.9", "provisional"),
        condition(ICD10, "C34.1", "confirmed", "resolved"),
        condition(ICD10, "A09"),
    )
    assert stated.facts == (
        StatedFact("diabetes", 1.0),
        StatedFact("hypertension", 1.0),
        StatedFact("kidney_disease", 0.0),
    )
    assert stated.unread == 3


def test_results_that_were_withdrawn_or_are_missing_state_nothing() -> None:
    stated = read(
        observation("1988-5", 12, "mg/L", status="entered-in-error"),
        observation("1988-5", dataAbsentReason={"text": "not done"}),
        {"resourceType": "Medication"},
    )
    assert stated.facts == () and stated.unread == 3


def test_smoking_is_read_from_its_answer() -> None:
    former = observation("72166-2", valueCodeableConcept=coded(SNOMED, "8517006"))
    daily = observation("72166-2", valueCodeableConcept=coded(SNOMED, "449868002"))
    assert [read(one).facts[0].value for one in (former, daily)] == [0.0, 1.0]


def test_a_patient_gives_sex_birth_date_and_identifiers() -> None:
    patient = {
        "resourceType": "Patient",
        "gender": "male",
        "birthDate": "1960-05-04",
        "identifier": [{"value": "W17"}],
    }
    stated = facts_of_json(json.dumps(patient))
    assert stated.facts == (StatedFact("sex", 1.0),)
    assert (stated.birth_dates, stated.patient_ids) == (("1960-05-04",), {"W17"})
    assert "W17" not in repr(stated)


def test_one_patient_may_be_named_in_several_ways() -> None:
    names = ("Patient/p1", "Patient/p1/_history/2", "https://ehr.example/fhir/Patient/p1")
    patient = {"resourceType": "Patient", "id": "p1"}
    stated = read(patient, *(observation("1988-5", 3, "mg/L", subject={"reference": name}) for name in names))
    assert {one.value for one in stated.facts} == {3.0}
    by_identifier = read(observation("1988-5", 3, "mg/L", subject={"identifier": {"value": "W17"}}))
    assert by_identifier.patient_ids == {"W17"}


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ([observation("1988-5", -3, "mg/L")], "crp: -3 mg/L cannot be"),
        ([observation("1988-5", 3)], "crp: the FHIR Quantity has no unit"),
        (
            [{"resourceType": "Patient", "birthDate": day} for day in ("1960-05-04", "1961-05-04")],
            "age: the FHIR Patients have two birth dates",
        ),
        (
            [observation("1988-5", 3, "mg/L", subject={"reference": f"Patient/{name}"}) for name in "ab"],
            "more than one patient",
        ),
        (
            [observation("1988-5", 3, "mg/L", subject={"identifier": {"value": name}}) for name in "ab"],
            "more than one patient",
        ),
        ([{"resourceType": "Patient", "id": "a"}, condition(ICD10, "I10")], "more than one patient"),
        ([{"resourceType": "Observation", "status": "final"}], r"not valid R4 at entry.0.*Correct"),
    ],
)
def test_faults_are_told_without_the_patient(resources: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        read(*resources)


def test_another_resource_is_told_what_may_be_sent() -> None:
    with pytest.raises(InvalidRequest, match=r"A FHIR Encounter states no facts\. Send one of: Bundle, Observation"):
        facts_of_json('{"resourceType": "Encounter"}')
