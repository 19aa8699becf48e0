"""Rows of ``cases.csv`` written by hand: clocks, joined patients, damaged rows; then the real table."""

from pathlib import Path

import pytest
from builders import KEYRING
from real_data import data_dir

from scankin.index_build.importers import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.importers.open_cxr import read
from scankin.index_build.ingest import ingest
from scankin.retrieval.case import Clock, Event, EventKind
from scankin.retrieval.errors import CasebookError, Reason
from scankin.retrieval.scan import Age
from scankin.retrieval.source_tree import FolderTree

Items = list[SourceScan | SourceCase | Refusal]
COLUMNS = [
    "image_id",
    "image_path",
    "source",
    "patient_id",
    "split_group",
    "modality",
    "labels",
    "covid_status",
    "study_offset_day",
    "offset_basis",
    "survival",
    "went_icu",
    "in_icu",
    "admission_offset",
    "icu_admission_offset",
    "death_offset",
    "lab_ldh",
    "lab_crp",
    "temperature",
    "pO2_saturation",
    "lymphocyte_count",
    "location",
    "age",
    "brixia_score_senior",
    "brixia_score_junior",
]
FROM_ADMISSION = "days since admission (= minus admission_offset)"
FROM_SOURCE = "days since symptom onset or hospitalisation, as the source gives it"


def a_row(image_id: str, **values: str) -> dict[str, str]:
    stated = {
        "image_id": image_id,
        "image_path": f"images/{image_id}.jpg",
        "source": "x",
        "patient_id": "p1",
        "split_group": "g1",
        "modality": "X-ray",
        "covid_status": "unknown",
    }
    return {**stated, **values}


def items_of(folder: Path, *rows: dict[str, str]) -> Items:
    lines = [",".join(COLUMNS), *(",".join(f'"{row.get(name, "")}"' for name in COLUMNS) for row in rows)]
    (folder / "cases.csv").write_text("\n".join(lines) + "\n")
    return list(read(OpenedSource.of(folder)))


def scans(items: Items) -> dict[str, SourceScan]:
    return {item.source_id: item for item in items if isinstance(item, SourceScan)}


def the_case(items: Items) -> SourceCase:
    (case,) = (item for item in items if isinstance(item, SourceCase))
    return case


def test_days_from_one_start_are_kept(tmp_path: Path) -> None:
    items = items_of(
        tmp_path,
        a_row("a", study_offset_day="3", offset_basis=FROM_SOURCE),
        a_row("b", study_offset_day="", offset_basis=FROM_SOURCE),
    )
    assert the_case(items).clock is Clock.SOURCE
    assert [scan.day for scan in scans(items).values()] == [3, None]


def test_days_from_different_starts_are_not_put_on_one_clock(tmp_path: Path) -> None:
    items = items_of(
        tmp_path,
        a_row("a", study_offset_day="3", offset_basis=FROM_SOURCE),
        a_row("b", study_offset_day="5", offset_basis=FROM_ADMISSION, admission_offset="-5", death_offset="2"),
    )
    assert the_case(items).clock is Clock.NONE
    assert [scan.day for scan in scans(items).values()] == [None, None]
    assert {(event.kind, event.day) for event in the_case(items).events} == {
        (EventKind.ADMISSION, None),
        (EventKind.DEATH, None),
    }


def test_films_that_disagree_on_a_day_leave_it_unknown(tmp_path: Path) -> None:
    # Film a: day 5, intensive care at 5 - 2 = 3, death at 5 + 4 = 9. Film b: day 7, intensive care 7 - 3 = 4, death 9.
    items = items_of(
        tmp_path,
        *(
            a_row(
                name,
                study_offset_day=day,
                offset_basis=FROM_ADMISSION,
                admission_offset=f"-{day}",
                icu_admission_offset=icu,
                death_offset=death,
            )
            for name, day, icu, death in (("a", "5", "-2", "4"), ("b", "7", "-3", "2"))
        ),
    )
    assert the_case(items).clock is Clock.ADMISSION
    assert [scan.day for scan in scans(items).values()] == [5, 7]
    assert the_case(items).events == (
        Event(EventKind.ADMISSION, True, 0),
        Event(EventKind.DEATH, True, 9),
        Event(EventKind.ICU_ADMISSION, True, None),
    )


def test_ids_joined_by_a_split_group_are_one_patient(tmp_path: Path) -> None:
    items = items_of(tmp_path, a_row("a", survival="Y"), a_row("b", patient_id="p0", went_icu="N", in_icu="N"))
    assert {scan.patient_id for scan in scans(items).values()} == {"g1"}
    assert the_case(items).other_ids == ("p0", "p1")
    assert the_case(items).events == (Event(EventKind.DEATH, False), Event(EventKind.ICU_ADMISSION, False))


def test_laboratory_values_are_facts_only_where_all_films_agree(tmp_path: Path) -> None:
    assert the_case(items_of(tmp_path, a_row("a", lab_ldh="245"), a_row("b"))).facts == {"lab_ldh": "245"}
    assert the_case(items_of(tmp_path, a_row("a", lab_ldh="245"), a_row("b", lab_ldh="300"))).facts == {}


def test_the_senior_reader_goes_first(tmp_path: Path) -> None:
    items = items_of(
        tmp_path,
        a_row("a", brixia_score_senior="0", brixia_score_junior="3"),
        a_row("b", brixia_score_junior="3"),
        a_row("c", brixia_score_senior="19"),
    )
    assert [scan.measures for scan in scans(items).values()] == [{"brixia": 0}, {"brixia": 3}, {}]


def test_a_missing_picture_is_that_scans_refusal_in_the_casebook(tmp_path: Path) -> None:
    items_of(tmp_path, a_row("a"))
    account = ingest("open-cxr", read, FolderTree(tmp_path), tmp_path / "book", KEYRING, workers=1)
    assert dict(account.refusals) == {("x", "", "", Reason.MISSING_FILE.value): 1}


@pytest.mark.parametrize("column", ["image_id", "source", "split_group", "image_path", "modality"])
def test_a_row_that_lacks_what_it_needs_is_refused(tmp_path: Path, column: str) -> None:
    items = items_of(tmp_path, a_row("a") | {column: ""}, a_row("b"))
    assert [item.reason for item in items if isinstance(item, Refusal)] == [Reason.BROKEN_RECORD]
    assert list(scans(items)) == ["b"]


def test_a_bad_number_is_not_stated_and_the_row_stays(tmp_path: Path) -> None:
    items = items_of(tmp_path, a_row("a", age="old", study_offset_day="soon", offset_basis=FROM_SOURCE, lab_ldh="inf"))
    assert (scans(items)["a"].age, scans(items)["a"].day, the_case(items).clock) == (None, None, Clock.NONE)


def test_a_table_without_a_needed_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("image_id,image_path\n")
    with pytest.raises(CasebookError, match="no column 'covid_status'"):
        list(read(OpenedSource.of(tmp_path)))


@pytest.fixture(scope="module")
def real() -> Items:
    return list(read(OpenedSource.of(data_dir("open-cxr"))))


def test_patients_joined_in_the_real_table(real: Items) -> None:
    # 2542 patient ids in 2537 groups; the README says that ids which share a film are joined.
    cases = {item.patient_id: item for item in real if isinstance(item, SourceCase)}
    assert len(cases) == 2537
    assert sum(len(case.other_ids) for case in cases.values()) == 2542
    assert cases["ieee8023-30"].other_ids == ("ieee8023-30", "ieee8023-31")


def test_one_hospital_is_one_site_in_all_collections(real: Items) -> None:
    # By the README's and the table's locations: 198 films of hannover-mhh and 9 of the ieee8023 collection.
    sites = [(scan.collection, scan.site) for scan in scans(real).values() if "Hannover" in (scan.site or "")]
    assert len({site for _, site in sites}) == 1
    assert {collection for collection, _ in sites} == {"hannover-mhh", "ieee8023-covid-chestxray"}
    assert len(sites) == 207


def test_the_children_of_the_kermany_set_are_children(real: Items) -> None:
    ages = {scan.age for scan in scans(real).values() if scan.collection == "kermany-paediatric"}
    assert ages == {Age(1, 5)}


def test_nih_states_its_labels_for_every_film_that_has_one(real: Items) -> None:
    # README: 507 "No Finding" and 375 "Pneumonia" among the 1309; the 1309 - 375 = 934 others are stated without.
    films = [scan.findings for scan in scans(real).values() if scan.collection == "nih-chestxray14"]
    assert sum(findings["No Finding"] for findings in films) == 507
    assert [sum(findings["Pneumonia"] is stated for findings in films) for stated in (True, False)] == [375, 934]
    assert {len(findings) for findings in films} == {16}  # its fourteen, "No Finding", and COVID-19


def test_a_ct_picture_called_non_covid_states_nothing_else(real: Items) -> None:
    findings = [dict(scan.findings) for scan in scans(real).values() if scan.collection == "ucsd-covid-ct"]
    assert findings.count({"COVID-19": False}) == 277


def test_a_film_has_the_facts_of_its_own_row(tmp_path: Path) -> None:
    first, second = (
        a_row("a", temperature="38.5", pO2_saturation="88", lymphocyte_count="0.7"),
        a_row("b", temperature="36.5", pO2_saturation="low 90s"),
    )
    stated = [item.facts for item in items_of(tmp_path, first, second) if isinstance(item, SourceScan)]
    assert stated == [{"temperature": 38.5, "spo2": 88.0, "lymphocytes": 0.7}, {"temperature": 36.5}]


def test_hannover_has_laboratory_values_and_its_pressures_are_no_saturations(tmp_path: Path) -> None:
    row = a_row("a", source="hannover-mhh", lab_crp="120", lab_ldh="inf", pO2_saturation="45")
    (scan,) = (item for item in items_of(tmp_path, row) if isinstance(item, SourceScan))
    assert scan.facts == {"crp": 120.0}
