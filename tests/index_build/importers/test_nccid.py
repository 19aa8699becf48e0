"""The NCCID layout, written out by hand in the test."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import KEYRING, a_dataset, a_slice, dicom_bytes

from scankin.index_build.casebook import Casebook
from scankin.index_build.construct.headers import to_metadata
from scankin.index_build.importers import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.importers.nccid import read
from scankin.index_build.ingest import ingest
from scankin.index_build.nccid.filters import FEWEST_SLICES
from scankin.retrieval.case import Case, EventKind, State
from scankin.retrieval.errors import Reason
from scankin.retrieval.source_tree import FolderTree

SWAB = "03/20/2020"  # day 18341 since 1970-01-01
POSITIVE = {"Pseudonym": "Covid1", "Date of Positive Covid Swab": SWAB, "Date of admission": SWAB, "Death": "0"}


def a_record(root: Path, patient: str, name: str, **record: Any) -> None:
    path = root / "data" / patient / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"Pseudonym": patient, **record}))


def a_film(root: Path, patient: str, date: str, *, name: str = "1", **header: Any) -> str:
    """Write a film and its metadata; return its path as the importer calls it."""
    uids = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.3"}
    dataset = a_dataset(**{"PatientID": patient, "StudyDate": date, **uids, **header})
    place = Path(patient) / "1.2" / "1.2.3"
    for folder, suffix, data in (
        ("xray", "dcm", dicom_bytes(dataset)),
        ("xray-metadata", "json", json.dumps(to_metadata(dataset)).encode()),
    ):
        path = root / folder / place / f"{name}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return f"xray/{place}/{name}.dcm"


def scans(root: Path) -> dict[str, SourceScan]:
    return {item.source_id: item for item in read(OpenedSource.of(root)) if isinstance(item, SourceScan)}


def case(root: Path, patient: str) -> Case:
    found = next(
        item
        for item in read(OpenedSource.of(root))
        if isinstance(item, SourceCase) and item.patient_id == patient.upper()
    )
    return Case(found.patient_id, found.collection, found.clock, found.events, found.last_seen_alive)


@pytest.mark.parametrize(
    ("date", "findings"),
    [
        ("20200306", {}),  # 14 days before the swab
        ("20200307", {"COVID-19": True}),  # 13 before
        ("20200416", {"COVID-19": True}),  # 27 after: 11 days of March and 16 of April
        ("20200417", {}),  # 28 after
        ("20191031", {"COVID-19": False}),  # before COVID-19
        ("", {}),
    ],
)
def test_a_film_shows_covid_by_its_own_day(tmp_path: Path, date: str, findings: dict[str, bool]) -> None:
    a_record(tmp_path, "Covid1", "data_2020-06-01", **POSITIVE)
    film = a_film(tmp_path, "Covid1", date)
    assert dict(scans(tmp_path)[film].findings) == findings


def test_the_negative_cohort_has_no_outcomes_and_its_films_are_negative_near_a_swab(tmp_path: Path) -> None:
    a_record(tmp_path, "Covid2", "status_2020-06-01", SwabStatus="0", SwabDate="20/03/2020", Death="1")
    film = a_film(tmp_path, "Covid2", "20200321")
    assert dict(scans(tmp_path)[film].findings) == {"COVID-19": False}
    assert case(tmp_path, "Covid2").ever(EventKind.DEATH) is State.UNKNOWN
    assert case(tmp_path, "Covid2").events == ()


def test_a_swab_date_of_the_negative_cohort_is_day_first(tmp_path: Path) -> None:
    a_record(tmp_path, "Covid2", "status_2020-07-01", SwabStatus="0", SwabDate="05/06/2020")
    june, may = a_film(tmp_path, "Covid2", "20200605", name="june"), a_film(tmp_path, "Covid2", "20200506", name="may")
    found = scans(tmp_path)
    assert (dict(found[june].findings), dict(found[may].findings)) == ({"COVID-19": False}, {})


def test_a_newer_status_file_does_not_make_a_positive_patient_negative(tmp_path: Path) -> None:
    a_record(tmp_path, "Covid1", "data_2020-05-01", **POSITIVE | {"Death": "1", "Date of death": "04/01/2020"})
    a_record(tmp_path, "Covid1", "data_2020-06-01", **POSITIVE)
    a_record(tmp_path, "Covid1", "status_2020-07-01", SwabStatus="0", SwabDate="20/03/2020")
    assert case(tmp_path, "Covid1").ever(EventKind.DEATH) is State.DID_NOT_HAPPEN
    assert case(tmp_path, "Covid1").day_of(EventKind.ADMISSION) == 18341


def test_a_pseudonym_in_other_capitals_is_the_same_patient(tmp_path: Path) -> None:
    a_record(tmp_path, "Covid1", "data_2020-06-01", **POSITIVE)
    film = a_film(tmp_path, "COVID1", "20200321")
    assert scans(tmp_path)[film].patient_id == "COVID1"
    account = ingest("nccid", read, FolderTree(tmp_path), tmp_path / "book", KEYRING, workers=1)
    assert (sum(account.scans.values()), dict(account.refusals), account.patients) == (1, {}, 1)


def test_what_is_not_stated_of_a_positive_patient_is_unknown(tmp_path: Path) -> None:
    a_record(tmp_path, "Covid1", "data_2020-06-01", **POSITIVE | {"ITU admission": "", "Intubation": "2"})
    found = case(tmp_path, "Covid1")
    assert found.ever(EventKind.DEATH) is State.DID_NOT_HAPPEN
    assert (found.ever(EventKind.ICU_ADMISSION), found.ever(EventKind.INTUBATION)) == (State.UNKNOWN, State.UNKNOWN)


def test_a_header_of_another_patient_is_quarantined(tmp_path: Path) -> None:
    a_record(tmp_path, "Covid1", "data_2020-06-01", **POSITIVE)
    kept = a_film(tmp_path, "Covid1", "20200321", name="kept")
    a_film(tmp_path, "Covid1", "20200321", name="other-patient", PatientID="Covid9")
    a_film(tmp_path, "Covid1", "20200321", name="other-study", StudyInstanceUID="9.9")
    account = ingest("nccid", read, FolderTree(tmp_path), tmp_path / "book", KEYRING, workers=1)
    assert dict(account.refusals) == {("nccid", "", "positive", Reason.HEADER_MISMATCH.value): 2}
    assert [row["source_id"] for row in Casebook.load(tmp_path / "book").tables["scans"].to_pylist()] == [kept]


def test_the_training_level_changes_nothing_but_the_ids(tmp_path: Path) -> None:
    for root in (tmp_path / "flat", tmp_path / "deep" / "training"):
        a_record(root, "Covid1", "data_2020-06-01", **POSITIVE)
        a_film(root, "Covid1", "20200321")
    flat, deep = scans(tmp_path / "flat"), scans(tmp_path / "deep")
    assert [f"training/{name}" for name in flat] == list(deep)
    assert [scan.day for scan in flat.values()] == [scan.day for scan in deep.values()] == [18342]


def test_the_slices_of_a_series_are_one_scan(tmp_path: Path) -> None:
    a_record(tmp_path, "Covid1", "data_2020-06-01", **POSITIVE)
    folder = tmp_path / "ct" / "Covid1" / "1.2" / "1.2.3"
    folder.mkdir(parents=True)
    for number in range(FEWEST_SLICES):
        slice_ = a_slice("1.2.3", number, 10 * number, PatientID="Covid1", StudyInstanceUID="1.2")
        (folder / f"{number}.dcm").write_bytes(dicom_bytes(slice_))
    (found,) = scans(tmp_path).values()
    assert len(found.files) == FEWEST_SLICES
    assert [item for item in read(OpenedSource.of(tmp_path)) if isinstance(item, Refusal)] == []


def test_a_series_with_a_gap_is_refused_when_it_is_read(tmp_path: Path) -> None:
    a_record(tmp_path, "Covid1", "data_2020-06-01", **POSITIVE)
    folder = tmp_path / "ct" / "Covid1" / "1.2" / "1.2.3"
    folder.mkdir(parents=True)
    for number in range(FEWEST_SLICES + 1):
        if number != 9:
            slice_ = a_slice("1.2.3", 10 * number, number, PatientID="Covid1", StudyInstanceUID="1.2")
            (folder / f"{number}.dcm").write_bytes(dicom_bytes(slice_))
    account = ingest("nccid", read, FolderTree(tmp_path), tmp_path / "book", KEYRING, workers=1)
    assert dict(account.refusals) == {("nccid", "", "positive", Reason.UNEVEN_SPACING.value): 1}
