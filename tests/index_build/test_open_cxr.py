"""open-cxr against the tables of its own README, which were counted by others."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from real_data import data_dir

from scankin.index_build.importers import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.importers.open_cxr import read
from scankin.retrieval.case import Case, EventKind, State


@pytest.fixture(scope="module")
def items() -> list[SourceScan | SourceCase | Refusal]:
    return list(read(OpenedSource.of(data_dir("open-cxr"))))


def test_every_row_is_a_scan(items: list) -> None:
    scans = [item for item in items if isinstance(item, SourceScan)]
    assert len(scans) == 3584
    assert Counter(scan.modality.value for scan in scans) == {"X-ray": 3034, "CT": 550}


@pytest.mark.parametrize(
    ("kind", "yes", "no"),
    # Patients by the README's table "Outcomes"; survival Y is no death. Patients whose intubation is only stated at
    # the film (intubation_present Y) come on top of the 37.
    [(EventKind.DEATH, 18, 72), (EventKind.ICU_ADMISSION, 68, 47), (EventKind.OXYGEN, 12, 9)],
)
def test_outcomes_per_patient_are_those_of_the_readme(items: list, kind: EventKind, yes: int, no: int) -> None:
    states = Counter(
        Case(case.patient_id, case.collection, events=case.events).ever(kind)
        for case in items
        if isinstance(case, SourceCase)
    )
    assert (states[State.HAPPENED], states[State.DID_NOT_HAPPEN]) == (yes, no)


def test_covid_is_stated_as_the_readme_counts_it(items: list) -> None:
    stated: dict[str, Counter] = defaultdict(Counter)
    for scan in items:
        if isinstance(scan, SourceScan):
            stated[scan.collection][scan.findings.get("COVID-19")] += 1
    assert stated["actualmed"] == {False: 17, True: 22, None: 10}
    assert stated["figure1"] == {False: 2, True: 22, None: 11}
    assert stated["ieee8023-covid-chestxray"] == {False: 91, True: 337, None: 48}
    assert stated["ucsd-covid-ct"] == {False: 277, True: 230}
    assert stated["nih-chestxray14"] == {False: 1309}
    assert stated["hannover-mhh"] == {True: 198}
    assert stated["kermany-paediatric"] == {False: 506}
    assert stated["openist-normal"] == {False: 205}
    assert stated["pakistan-normal"] == {False: 299}


def test_intubation_is_stated_of_any_time_or_seen_at_a_film(items: list) -> None:
    with (data_dir("open-cxr") / "cases.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    at_any_time = {row["split_group"] for row in rows if row["intubated"] == "Y"}
    at_a_film = {row["split_group"] for row in rows if row["intubation_present"] == "Y"}
    assert len(at_any_time) == 37  # the README's count
    states = {
        case.patient_id: Case(case.patient_id, case.collection, events=case.events).ever(EventKind.INTUBATION)
        for case in items
        if isinstance(case, SourceCase)
    }
    assert {patient for patient, state in states.items() if state is State.HAPPENED} == at_any_time | at_a_film
    denied = {row["split_group"] for row in rows if row["intubated"] == "N"} - at_any_time - at_a_film
    assert {patient for patient, state in states.items() if state is State.DID_NOT_HAPPEN} == denied


def test_an_empty_field_is_never_a_no(items: list) -> None:
    with (data_dir("open-cxr") / "cases.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    for kind, columns in (
        (EventKind.DEATH, ("survival", "death_offset")),
        (EventKind.ICU_ADMISSION, ("went_icu", "in_icu", "icu_admission_offset")),
        (EventKind.OXYGEN, ("needed_supplemental_O2",)),
    ):
        stated = {row["split_group"] for row in rows if any(row[column] for column in columns)}
        with_event = {
            case.patient_id
            for case in items
            if isinstance(case, SourceCase) and any(event.kind is kind for event in case.events)
        }
        assert with_event and with_event <= stated


def test_hannover_days_count_from_admission(items: list) -> None:
    with (data_dir("open-cxr") / "cases.csv").open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file) if row["death_offset"] and row["admission_offset"]]
    row = rows[0]
    scan = next(s for s in items if isinstance(s, SourceScan) and s.source_id == row["image_id"])
    case = next(c for c in items if isinstance(c, SourceCase) and c.patient_id == row["split_group"])
    film_day = -round(float(row["admission_offset"]))
    assert scan.day == film_day
    days = {event.day for event in case.events if event.kind is EventKind.DEATH}
    assert film_day + round(float(row["death_offset"])) in days


def test_damaged_rows_are_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    head = "image_id,image_path,source,patient_id,split_group,modality,labels,covid_status,age"
    rows = [
        "a,images/a.jpg,x,p1,g1,X-ray,No Finding,negative,50+",
        "a,images/a.jpg,x,p1,g1,X-ray,,unknown,",
        "b,../b.jpg,x,p1,g1,X-ray,,unknown,",
        "c,images/c.jpg,x,p1,,X-ray,,unknown,",
        "d,images/d.jpg,x,p2,g1,MRI,,unknown,",
        "e,images/e.jpg,x,p2,g1,CT,,unknown,nonsense",
    ]
    (tmp_path / "cases.csv").write_text("\ufeff" + "\n".join([head, *rows]))
    found = list(read(OpenedSource.of(tmp_path)))
    assert [item.source_id for item in found if isinstance(item, SourceScan)] == ["a", "e"]
    assert [item.source_id for item in found if isinstance(item, Refusal)] == ["a", "b", "c", "d"]
    case = next(item for item in found if isinstance(item, SourceCase))
    assert case.other_ids == ("p1", "p2") and case.events == ()
