"""Folders as NCCID.md's sources describe them, written out by hand."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from builders import a_dataset, dicom_bytes

from scankin.index_build.importers import Refusal, SourceCase, SourceScan
from scankin.index_build.importers.nccid import read, recognises
from scankin.index_build.nccid.layout import Unit, study_day, walk
from scankin.retrieval.errors import CasebookError, Reason

STUDY, SERIES = "1.2.826.0.1.5.0", "1.2.826.0.1.6.0"
MARCH_20 = 18341  # 2020-03-20 in days since 1970-01-01


def put(path: Path, content: bytes | str = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def a_record(root: Path, patient: str, name: str, **record: object) -> None:
    put(root / "data" / patient / f"{name}.json", json.dumps({"Pseudonym": patient, **record}))


def of(root: Path, kind: type) -> list:
    return [item for item in read(root) if isinstance(item, kind)]


def test_every_file_is_counted_once(tmp_path: Path) -> None:
    a_record(tmp_path, "Covid1", "data_2020-05-01")
    series = tmp_path / "ct" / "Covid1" / STUDY / SERIES
    for path in (
        tmp_path / "xray" / "Covid1" / STUDY / SERIES / "7.0.dcm",
        tmp_path / "xray" / "Covid1" / STUDY / SERIES / "8.0.DCM",
        tmp_path / "xray" / "Covid1" / STUDY / SERIES / "9.0",
        tmp_path / "xray" / "loose.dcm",
        series / "1.dcm",
        series / "2.dcm",
        series / "notes.txt",
        tmp_path / "mri" / "Covid1" / STUDY / SERIES / "m.dcm",
        tmp_path / "unknown" / "Covid1" / STUDY / SERIES / "sr.dcm",
        tmp_path / "us" / "Covid1" / "u.dcm",
        tmp_path / "xray" / ".hidden" / "h.dcm",
        tmp_path / "xray-metadata" / "Covid1" / STUDY / SERIES / "7.0.json",
    ):
        put(path)
    scans = {scan.source_id: len(scan.files) for scan in of(tmp_path, SourceScan)}
    film = f"xray/Covid1/{STUDY}/{SERIES}"
    assert scans == {f"{film}/7.0.dcm": 1, f"{film}/8.0.DCM": 1, f"ct/Covid1/{STUDY}/{SERIES}": 2}
    assert {refusal.source_id: refusal.reason for refusal in of(tmp_path, Refusal)} == {
        "xray/loose.dcm": Reason.NO_CASE,
        f"{film}/9.0": Reason.NOT_DICOM,
        f"ct/Covid1/{STUDY}/{SERIES}/notes.txt": Reason.NOT_DICOM,
        f"mri/Covid1/{STUDY}/{SERIES}/m.dcm": Reason.UNSUPPORTED_MODALITY,
        f"unknown/Covid1/{STUDY}/{SERIES}/sr.dcm": Reason.UNSUPPORTED_MODALITY,
        "us/Covid1/u.dcm": Reason.UNSUPPORTED_MODALITY,
    }


def test_the_header_must_state_what_the_path_states(tmp_path: Path) -> None:
    a_record(tmp_path, "Covid1", "data_2020-05-01")
    put(tmp_path / "xray" / "Covid1" / STUDY / SERIES / "7.dcm")
    put(tmp_path / "x-ray" / "Covid1" / "2020-04-16" / "8.dcm")  # the layout of April 2020: a date, no UIDs
    new, old = of(tmp_path, SourceScan)
    assert new.expected == {"PatientID": "Covid1", "StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES}
    assert old.expected == {"PatientID": "Covid1"}


def test_a_patient_without_images_is_a_case(tmp_path: Path) -> None:
    a_record(tmp_path, "Covid7", "data_2020-05-01", **{"Date last known alive": "04/01/2020"})
    (case,) = read(tmp_path)
    assert isinstance(case, SourceCase)
    assert (case.patient_id, case.last_seen_alive) == ("COVID7", MARCH_20 + 12)


def test_folders_of_one_pseudonym_in_other_capitals_are_one_patient_with_the_newest_record(tmp_path: Path) -> None:
    a_record(tmp_path, "Covid1", "status_2020-07-01", SwabStatus="0", SwabDate="20/03/2020")
    a_record(tmp_path, "covid1", "data_2020-05-01", SubmittingCentre="North")
    a_record(tmp_path, "COVID1", "data_2020-06-01", SubmittingCentre="South", Death="1")
    put(tmp_path / "xray" / "cOvid1" / STUDY / SERIES / "7.dcm")
    (case,) = of(tmp_path, SourceCase)
    (scan,) = of(tmp_path, SourceScan)
    assert (case.patient_id, scan.patient_id, scan.site) == ("COVID1", "COVID1", "South")
    assert [event.happened for event in case.events] == [True]
    assert of(tmp_path, Refusal) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('"text"', "holds a str"),
        ('{"Pseudonym": "Covid2", "Death": "1"}', "not that of its folder"),
    ],
)
def test_a_damaged_record_gives_way_to_the_one_before(tmp_path: Path, content: str, says: str) -> None:
    a_record(tmp_path, "Covid1", "data_2020-05-01", Death="0")
    put(tmp_path / "data" / "Covid1" / "data_2020-06-01.json", content)
    (refusal,) = of(tmp_path, Refusal)
    assert refusal.reason is Reason.BROKEN_RECORD and says in refusal.message
    assert refusal.source_id == "data/Covid1/data_2020-06-01.json"
    (case,) = of(tmp_path, SourceCase)
    assert [event.happened for event in case.events] == [False]


def test_a_series_takes_the_metadata_of_the_first_slice_that_has_any(tmp_path: Path) -> None:
    folder = tmp_path / "ct"
    for name in ("10", "2", "3"):
        put(folder / "Covid1" / STUDY / SERIES / f"{name}.dcm")
    put(tmp_path / "ct-metadata" / "Covid1" / STUDY / SERIES / "2.json", '{"00080020": {"Value": ["20200320"]}}')
    (unit,) = walk(folder, is_series=True)
    assert isinstance(unit, Unit)
    assert study_day(unit.header()) == MARCH_20


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "[" * 100_000])
def test_broken_metadata_leaves_the_day_to_the_header_of_the_film(tmp_path: Path, content: str) -> None:
    a_record(tmp_path, "Covid1", "data_2020-05-01", **{"Date of Positive Covid Swab": "03/20/2020"})
    put(tmp_path / "xray" / "Covid1" / STUDY / SERIES / "7.dcm", dicom_bytes(a_dataset()))
    put(tmp_path / "xray-metadata" / "Covid1" / STUDY / SERIES / "7.json", content)
    (scan,) = of(tmp_path, SourceScan)
    assert (scan.day, scan.findings) == (None, {})


def an_element(text: object) -> dict[str, object]:
    return {"vr": "DA", "Value": [text]}


@pytest.mark.parametrize(
    ("header", "day"),
    [
        ({"00080020": an_element("20200320")}, MARCH_20),
        ({"00080020": an_element("20200320"), "00080022": an_element("20200321")}, MARCH_20),
        ({"00080022": an_element("20200321")}, MARCH_20 + 1),
        ({"00080020": an_element("20450916"), "00080022": an_element("20200321")}, MARCH_20 + 1),  # seen: Covid7175
        ({"00080020": an_element("20161231")}, None),  # before the collection begins
        ({"00080021": an_element("20200320")}, None),  # SeriesDate is offset
        ({"00080020": an_element("2020")}, None),
        ({"00080020": {"vr": "DA"}}, None),
        ({"00080020": None}, None),
        ({"00080020": {"Value": {}}}, None),
        ({"00080020": "20200320"}, None),
        ({}, None),
    ],
)
def test_the_day_of_a_film_is_its_study_date(header: dict[str, object], day: int | None) -> None:
    assert study_day(header) == day


def test_a_study_of_tomorrow_is_not_believed() -> None:
    tomorrow = date.today() + timedelta(days=1)
    assert study_day({"00080020": an_element(f"{tomorrow:%Y%m%d}")}) is None


def test_a_folder_called_data_alone_is_not_this_collection(tmp_path: Path) -> None:
    put(tmp_path / "data" / "table.csv")
    assert not recognises(tmp_path)
    a_record(tmp_path / "training", "Covid1", "status_2020-05-01")
    assert recognises(tmp_path)


def test_a_folder_without_clinical_files_says_what_is_missing(tmp_path: Path) -> None:
    put(tmp_path / "xray" / "Covid1" / "7.dcm")
    with pytest.raises(CasebookError, match="no data/ folder"):
        list(read(tmp_path))
