"""Folders as NCCID.md's sources describe them, written out by hand."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from builders import a_dataset, dicom_bytes

from scankin.index_build.importers import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.importers.nccid import read, recognises
from scankin.index_build.nccid.filters import FEWEST_SLICES
from scankin.index_build.nccid.headers import header_of
from scankin.retrieval.errors import CasebookError, Reason
from scankin.retrieval.scan import View

STUDY, SERIES = "1.2.826.0.1.5.0", "1.2.826.0.1.6.0"
MARCH_20 = 18341  # 2020-03-20 in days since 1970-01-01


def put(path: Path, content: bytes | str = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def a_record(root: Path, patient: str, name: str, **record: object) -> None:
    put(root / "data" / patient / f"{name}.json", json.dumps({"Pseudonym": patient, **record}))


def of(root: Path, kind: type) -> list:
    return [item for item in read(OpenedSource.of(root)) if isinstance(item, kind)]


def test_every_file_is_counted_once(tmp_path: Path) -> None:
    a_record(tmp_path, "Covid1", "data_2020-05-01")
    series = tmp_path / "ct" / "Covid1" / STUDY / SERIES
    for path in (
        tmp_path / "xray" / "Covid1" / STUDY / SERIES / "7.0.dcm",
        tmp_path / "xray" / "Covid1" / STUDY / SERIES / "8.0.DCM",
        tmp_path / "xray" / "Covid1" / STUDY / SERIES / "9.0",
        tmp_path / "xray" / "loose.dcm",
        *(series / f"{number}.dcm" for number in range(FEWEST_SLICES)),
        series / "notes.txt",
        tmp_path / "ct" / "Covid1" / STUDY / "few" / "1.dcm",
        tmp_path / "mri" / "Covid1" / STUDY / SERIES / "m.dcm",
        tmp_path / "unknown" / "Covid1" / STUDY / SERIES / "sr.dcm",
        tmp_path / "us" / "Covid1" / "u.dcm",
        tmp_path / "xray" / ".hidden" / "h.dcm",
        tmp_path / "xray-metadata" / "Covid1" / STUDY / SERIES / "7.0.json",
    ):
        put(path)
    scans = {scan.source_id: len(scan.files) for scan in of(tmp_path, SourceScan)}
    film = f"xray/Covid1/{STUDY}/{SERIES}"
    assert scans == {f"{film}/7.0.dcm": 1, f"{film}/8.0.DCM": 1, f"ct/Covid1/{STUDY}/{SERIES}": FEWEST_SLICES}
    assert {refusal.source_id: refusal.reason for refusal in of(tmp_path, Refusal)} == {
        "xray/loose.dcm": Reason.NO_CASE,
        f"{film}/9.0": Reason.NOT_DICOM,
        f"ct/Covid1/{STUDY}/{SERIES}/notes.txt": Reason.NOT_DICOM,
        f"ct/Covid1/{STUDY}/few": Reason.TOO_FEW_SLICES,
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
    (case,) = read(OpenedSource.of(tmp_path))
    assert isinstance(case, SourceCase)
    assert (case.patient_id, case.last_seen_alive) == ("COVID7", MARCH_20 + 12)


def test_two_spellings_with_files_of_their_own_claim_one_patient_and_only_the_first_is_believed(tmp_path: Path) -> None:
    a_record(tmp_path, "Covid1", "data_2020-05-01", SubmittingCentre="North")
    a_record(tmp_path, "COVID1", "data_2020-06-01", SubmittingCentre="South", Death="1")
    put(tmp_path / "xray" / "cOvid1" / STUDY / SERIES / "7.dcm")
    (case,) = of(tmp_path, SourceCase)
    (scan,) = of(tmp_path, SourceScan)
    assert (case.patient_id, scan.patient_id, scan.site, case.events) == ("COVID1", "COVID1", "North", ())
    (refusal,) = of(tmp_path, Refusal)
    assert (refusal.source_id, refusal.reason) == ("data/COVID1/data_2020-06-01.json", Reason.CLAIMED_TWICE)


def test_a_patient_whose_only_data_file_is_broken_stays_positive(tmp_path: Path) -> None:
    put(tmp_path / "data" / "Covid1" / "data_2020-05-01.json", "[1]")
    a_record(tmp_path, "Covid1", "status_2020-06-01", SwabStatus="0", SwabDate="20/03/2020")
    (case,) = of(tmp_path, SourceCase)
    assert (case.facts["cohort"], case.events) == ("positive", ())


def test_the_layout_of_april_2020_is_read_as_today_s(tmp_path: Path) -> None:
    put(tmp_path / "data" / "Covid1" / "2020-05-01" / "data.json", '{"Pseudonym": "Covid1", "Death": "0"}')
    put(tmp_path / "data" / "Covid1" / "2020-06-01" / "data.json", '{"Pseudonym": "Covid1", "Death": "1"}')
    put(tmp_path / "x-ray" / "Covid1" / "summary.json", "{}")
    put(tmp_path / "x-ray" / "Covid1" / "2020-04-16" / "7.dcm")
    (case,) = of(tmp_path, SourceCase)
    assert [event.happened for event in case.events] == [True]
    assert {field.version for field in case.fields} == {"data_2020-05-01.json", "data_2020-06-01.json"}
    assert [scan.source_id for scan in of(tmp_path, SourceScan)] == ["x-ray/Covid1/2020-04-16/7.dcm"]
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


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "[" * 100_000])
def test_broken_metadata_leaves_the_day_to_the_header_of_the_film(tmp_path: Path, content: str) -> None:
    a_record(tmp_path, "Covid1", "data_2020-05-01", **{"Date of Positive Covid Swab": "03/20/2020"})
    put(tmp_path / "xray" / "Covid1" / STUDY / SERIES / "7.dcm", dicom_bytes(a_dataset()))
    put(tmp_path / "xray-metadata" / "Covid1" / STUDY / SERIES / "7.json", content)
    (scan,) = of(tmp_path, SourceScan)
    assert (scan.day, scan.findings) == (None, {})
    assert scan.complete is not None
    completed = scan.complete(MARCH_20, View.PA)
    assert isinstance(completed, SourceScan)
    assert (completed.day, completed.findings) == (MARCH_20, {"COVID-19": True})
    refused = scan.complete(MARCH_20, View.LATERAL)
    assert isinstance(refused, Refusal) and refused.reason is Reason.NOT_FRONTAL


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
    found = header_of(json.dumps(header).encode())
    assert found is not None and found.day == day


def test_a_study_of_the_future_is_not_believed() -> None:
    later = date.today() + timedelta(days=2)  # a day of grace for time zones
    found = header_of(json.dumps({"00080020": an_element(f"{later:%Y%m%d}")}).encode())
    assert found is not None and (found.day, found.refused_dates) == (None, True)


def test_a_folder_called_data_alone_is_not_this_collection(tmp_path: Path) -> None:
    put(tmp_path / "data" / "table.csv")
    assert not recognises(OpenedSource.of(tmp_path))
    a_record(tmp_path / "training", "Covid1", "status_2020-05-01")
    assert recognises(OpenedSource.of(tmp_path))


def test_a_folder_without_clinical_files_says_what_is_missing(tmp_path: Path) -> None:
    put(tmp_path / "xray" / "Covid1" / "7.dcm")
    with pytest.raises(CasebookError, match="no data/ folder"):
        list(read(OpenedSource.of(tmp_path)))
