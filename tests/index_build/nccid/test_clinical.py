"""One record: what it states of a film's day, and what became of the patient. 2020-03-20 is day 18341."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scankin.index_build.nccid.clinical import Clinical, merged
from scankin.retrieval.case import Event, EventKind
from scankin.retrieval.scan import Age, Sex

MARCH_20 = 18341
FIELDS = [
    "SubmittingCentre",
    "Age",
    "Sex",
    "Date of Positive Covid Swab",
    "SwabStatus",
    "SwabDate",
    "SwabDates",
    "1st RT-PCR result",
    "Date of result of 1st RT-PCR",
    "Date of admission",
    "Duration of symptoms",
    "ITU admission",
    "Date of ITU admission",
    "Death",
    "Date of death",
    "Date of 1st CXR",
    "CXR severity",
    "OtherDataSources",
]


def positive(**record: object) -> Clinical:
    return Clinical("Covid1", is_positive=True, record=record)


def events(clinical: Clinical) -> set[tuple[EventKind, bool, int | None]]:
    return {(event.kind, event.happened, event.day) for event in clinical.events()}


def test_swabs_and_results_of_every_field_are_collected() -> None:
    clinical = positive(
        **{
            "Date of Positive Covid Swab": "03/20/2020",  # month first
            "SwabStatus": 1,
            "SwabDate": "21/03/2020",  # day first
            "SwabDates": [
                {"SwabDate": "22/03/2020", "SwabStatus": "1"},
                {"SwabDate": "23/03/2020", "SwabStatus": "0"},
                "24/03/2020",
            ],
            "1st RT-PCR result": "RNA DETECTED (SARS-CoV-2)",
            "Date of result of 1st RT-PCR": "03/25/2020",
            "2nd RT-PCR result": "0",
            "Date of result of 2nd RT-PCR": "03/26/2020",
        }
    )
    found, negative = clinical.swab_days()
    assert sorted(found) == [MARCH_20, MARCH_20 + 1, MARCH_20 + 2, MARCH_20 + 5]
    assert sorted(negative) == [MARCH_20 + 3, MARCH_20 + 6]


@pytest.mark.parametrize("swabs", [5, "03/20/2020", None, {}, [None, 3, []]])
def test_a_list_of_swabs_that_is_none_states_nothing(swabs: object) -> None:
    assert positive(SwabDates=swabs).swab_days() == ([], [])


def test_a_course_with_dates() -> None:
    clinical = positive(
        **{
            "Date of admission": "03/20/2020",
            "Duration of symptoms": "7",
            "ITU admission ": "1",  # the schema's header ends in a blank
            "Date of ITU admission": "03/21/2020",
            "Intubation": "0",
            "Death": "1",
            "Date of death": "",
        }
    )
    assert events(clinical) == {
        (EventKind.ADMISSION, True, MARCH_20),
        (EventKind.SYMPTOM_ONSET, True, MARCH_20 - 7),
        (EventKind.ICU_ADMISSION, True, MARCH_20 + 1),
        (EventKind.INTUBATION, False, None),
        (EventKind.DEATH, True, None),
    }


@pytest.mark.parametrize(("flag", "happened"), [("1", True), ("0", False)])
def test_a_death_before_the_admission_and_every_swab_has_no_day(flag: str, happened: bool) -> None:
    clinical = positive(
        **{
            "Date of admission": "03/20/2020",
            "Date of Positive Covid Swab": "03/22/2020",
            "Death": flag,
            "Date of death": "03/19/2020",
        }
    )
    assert [event for event in clinical.events() if event.kind is EventKind.DEATH] == [
        Event(EventKind.DEATH, happened, None)
    ]


def test_the_negative_cohort_has_no_outcome_whatever_its_file_says() -> None:
    clinical = Clinical("Covid1", is_positive=False, record={"Death": "1", "Date of death": "03/20/2020"})
    assert list(clinical.events()) == []


@pytest.mark.parametrize(
    ("day", "age"),
    [
        (MARCH_20, Age(71, 71)),
        (MARCH_20 - 364, Age(71, 71)),
        (MARCH_20 - 365, None),  # the header of the film knows better
        (None, Age(71, 71)),
    ],
)
def test_the_recorded_age_holds_for_films_near_the_record(day: int | None, age: Age | None) -> None:
    assert positive(**{"Age": "71", "Date of admission": "03/20/2020"}).age_at(day) == age


@pytest.mark.parametrize("value", ["", "nan", "-3", 0, "999", None, "old", [71]])
def test_an_age_that_cannot_be_is_not_stated(value: object) -> None:
    assert positive(Age=value).age_at(None) is None


@pytest.mark.parametrize(
    ("value", "sex"),
    [("0", Sex.FEMALE), (1, Sex.MALE), (1.0, Sex.MALE), ("f", Sex.FEMALE), ("2", None), ("t", None), ("", None)],
)
def test_sex_of_any_spelling(value: object, sex: Sex | None) -> None:
    assert positive(Sex=value).sex is sex


def test_severity_belongs_to_the_film_of_its_date() -> None:
    clinical = positive(
        **{
            "Date of 1st CXR": "03/20/2020",
            "CXR severity": "2",
            "Date of 2nd CXR": "[Text] - 2020-03-24",
            "CXR severity 3": "3",
        }
    )
    assert [clinical.severity_at(MARCH_20 + days) for days in (0, 1, 4)] == [2, None, 3]
    assert clinical.severity_at(None) is None


@pytest.mark.parametrize("value", ["o", "0", "4", "", None, "2.5"])
def test_a_severity_off_the_scale_is_not_stated(value: object) -> None:
    assert positive(**{"Date of 1st CXR": "03/20/2020", "CXR severity": value}).severity_at(MARCH_20) is None


def test_a_whole_invented_record_is_read_as_a_person_reads_it() -> None:
    # Swab 2 April, result 3 April, admission 2 April after 7 days, ITU 6, intubation 7, death 20 April 2020.
    # 2 April is day 18354.
    clinical = positive(
        **{
            "SubmittingCentre": "Example NHS Foundation Trust A",
            "Date of Positive Covid Swab": "04/02/2020",
            "Date of acquisition of 1st RT-PCR": "04/02/2020",
            "Date of result of 1st RT-PCR": "04/03/2020",
            "1st RT-PCR result": "1",
            "Date of result of 2nd RT-PCR": "",
            "2nd RT-PCR result": "",
            "Final COVID Status": "1",
            "Sex": "1",
            "Date of admission": "04/02/2020",
            "Duration of symptoms": "7",
            "ITU admission": "1",
            "Date of ITU admission": "04/06/2020",
            "Intubation": "1",
            "Date of intubation": "04/07/2020",
            "Date last known alive": "04/19/2020",
            "Death": "1",
            "Date of death": "04/20/2020",
        }
    )
    assert events(clinical) == {
        (EventKind.POSITIVE_SWAB, True, 18354),
        (EventKind.POSITIVE_SWAB, True, 18355),
        (EventKind.ADMISSION, True, 18354),
        (EventKind.SYMPTOM_ONSET, True, 18347),
        (EventKind.ICU_ADMISSION, True, 18358),
        (EventKind.INTUBATION, True, 18359),
        (EventKind.DEATH, True, 18372),
    }
    assert (clinical.centre, clinical.sex) == ("Example NHS Foundation Trust A", Sex.MALE)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["1", "03/20/2020"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(FIELDS), json_values), st.booleans(), st.none() | st.integers(17000, 20000))
def test_no_value_of_any_field_is_an_exception(record: dict[str, object], is_positive: bool, day: int | None) -> None:
    clinical = Clinical("Covid1", is_positive, merged(record))
    kinds = {event.kind for event in clinical.events()}
    assert is_positive or kinds <= {EventKind.POSITIVE_SWAB}
    assert clinical.covid_at(day) in (True, False, None)
    assert clinical.severity_at(day) in (1, 2, 3, None)
    age = clinical.age_at(day)
    assert age is None or 0 < age.low <= 120
    assert clinical.centre is None or clinical.centre.encode()
