"""What of stated facts holds for one scan."""

from datetime import date

import pytest
from builders import a_scan

from scankin.retrieval.clinical.stated import StatedFact, StatedFacts, known, settled
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.scan import Age, Sex

SCANNED = date(2020, 4, 2)


def facts(*stated: StatedFact, **more: object) -> StatedFacts:
    return StatedFacts(stated, **more)  # type: ignore[arg-type]


def test_facts_of_the_header_and_stated_ones_are_one_list_in_the_order_of_the_registry() -> None:
    scan = a_scan(age=Age.of(64), sex=Sex.FEMALE, study_date=SCANNED, facts={"smoker": 1.0})
    found = settled(facts(StatedFact("crp", 120.0), StatedFact("spo2", 88.0, SCANNED)), scan)
    assert list(found.items()) == [("age", 64.0), ("sex", 0.0), ("spo2", 88.0), ("crp", 120.0), ("smoker", 1.0)]


def test_of_several_days_the_last_counts() -> None:
    days = [StatedFact("crp", 10.0, date(2020, 3, 30)), StatedFact("crp", 90.0, date(2020, 4, 1))]
    assert settled(facts(*days), a_scan(study_date=SCANNED)) == {"crp": 90.0}


def test_a_birth_date_gives_the_age_on_the_day_of_the_scan() -> None:
    born = facts(birth_dates=("1960-04-03",))
    assert settled(born, a_scan(study_date=SCANNED)) == {"age": 59.0}  # sixty on the day after
    assert settled(facts(birth_dates=("1960-04-02",)), a_scan(study_date=SCANNED)) == {"age": 60.0}
    assert settled(born, a_scan()) == {}


def test_the_header_keeps_its_age_where_a_birth_date_agrees_within_a_year() -> None:
    scan = a_scan(age=Age.of(60), study_date=SCANNED)
    assert settled(facts(birth_dates=("1960-04-03",)), scan) == {"age": 60.0}


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        (facts(StatedFact("crp", 5.0, date(2020, 4, 5))), "crp: it is dated 3 days after the scan. State what was"),
        (facts(StatedFact("age", 50.0)), "age: the age or birth date stated and that of the scan's header disagree"),
        (facts(birth_dates=("1970-01-01",)), "age: the age or birth date stated and that of the scan's header"),
        (facts(birth_dates=("1960-01-01", "1961-01-01")), "age: two birth dates are stated"),
        (facts(birth_dates=("2021-01-01",)), "age: the birth date is after the scan"),
        (facts(StatedFact("sex", 1.0)), "sex: the sex stated and that of the scan's header disagree"),
        (facts(StatedFact("crp", 5.0), StatedFact("crp", 6.0)), "crp: two values are stated that cannot both be so"),
        (facts(StatedFact("age", 64.0), StatedFact("age", 70.0)), "age: two ages or birth dates are stated"),
        (facts(patient_ids=frozenset({"W18"})), "The facts are of another patient"),
    ],
)
def test_contradictions_are_told_without_the_patient(stated: StatedFacts, said: str) -> None:
    scan = a_scan(age=Age.of(64), sex=Sex.FEMALE, study_date=SCANNED, patient_id="W17")
    with pytest.raises(InvalidRequest, match=said) as caught:
        settled(stated, scan)
    assert "W17" not in str(caught.value) and "W18" not in str(caught.value)


def test_one_of_several_identifiers_is_enough_in_any_spelling() -> None:
    assert settled(facts(patient_ids=frozenset({"9434765919", "w17 "})), a_scan(patient_id="W17")) == {}


def test_what_importers_state_is_kept_only_where_it_can_be() -> None:
    assert known({"crp": 5.0, "spo2": 130.0, "shoe": 43.0, "age": 64.0}) == {"age": 64.0, "crp": 5.0}
