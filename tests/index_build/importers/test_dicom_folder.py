import os
from pathlib import Path

import pytest
from builders import KEYRING, a_dataset, a_slice, dicom_bytes

from scankin.index_build.casebook import Casebook
from scankin.index_build.importers import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.importers.dicom_folder import read, recognises
from scankin.index_build.ingest import ingest
from scankin.retrieval.case import Clock, Event, EventKind
from scankin.retrieval.errors import CasebookError, Reason
from scankin.retrieval.scan import Age, Modality, Sex
from scankin.retrieval.source_tree import FolderTree

Items = list[SourceScan | SourceCase | Refusal]
APRIL_1 = 18353  # 2020-04-01 in days since 1970-01-01: 18262 to 2020-01-01, then 31 + 29 + 31


def a_film(folder: Path, name: str, patient: str | None = "P1") -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(dicom_bytes(a_dataset(PatientID=patient)))


def a_table(folder: Path, *lines: str) -> None:
    (folder / "cases.csv").write_text("\n".join(lines) + "\n")


def scans(items: Items) -> list[SourceScan]:
    return [item for item in items if isinstance(item, SourceScan)]


def refusals(items: Items) -> list[tuple[str, str]]:
    return [(item.source_id, item.message) for item in items if isinstance(item, Refusal)]


def case(items: Items, patient: str) -> SourceCase:
    (found,) = (item for item in items if isinstance(item, SourceCase) and item.patient_id == patient)
    return found


def test_without_a_table_every_patient_is_one_of_whom_nothing_is_known(tmp_path: Path) -> None:
    a_film(tmp_path, "a.dcm"), a_film(tmp_path, "deep/down/b", "P2"), a_film(tmp_path, "c.dcm")
    items = list(read(OpenedSource.of(tmp_path)))
    assert [(scan.source_id, scan.patient_id) for scan in scans(items)] == [
        ("a.dcm", "P1"),
        ("c.dcm", "P1"),
        ("deep/down/b", "P2"),
    ]
    assert case(items, "P1") == SourceCase("dicom-folder", "P1", clock=Clock.CALENDAR)
    assert scans(items)[0].findings == {}


def test_files_without_a_patient_id_are_not_one_patient(tmp_path: Path) -> None:
    a_film(tmp_path, "a.dcm", None), a_film(tmp_path, "b.dcm", None)
    assert len({scan.patient_id for scan in scans(list(read(OpenedSource.of(tmp_path))))}) == 2


def test_slices_of_a_series_are_one_scan_wherever_they_lie(tmp_path: Path) -> None:
    for number, place in enumerate(("x", "y", "x")):
        path = tmp_path / place / f"{number}.dcm"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(dicom_bytes(a_slice("1.2.3", number, 0)))
    (scan,) = scans(list(read(OpenedSource.of(tmp_path))))
    assert scan.files == ("x/0.dcm", "x/2.dcm", "y/1.dcm")
    assert scan.modality is Modality.CT


def test_a_row_states_the_case_and_its_scans(tmp_path: Path) -> None:
    a_film(tmp_path, "a.dcm")
    a_table(
        tmp_path,
        "patient_id,sex,age,site,admission_date,death,icu,icu_date,intubated,oxygen,last_seen_alive,pneumonia,ward",
        "P1,F,63,North,2020-04-01,N,,2020-04-03,N,Y,2020-05-01,Y,7",
    )
    items = list(read(OpenedSource.of(tmp_path)))
    (scan,) = scans(items)
    assert (scan.sex, scan.age, scan.site) == (Sex.FEMALE, Age(63, 63), "North")
    assert scan.findings == {"Pneumonia": True, "No Finding": False}
    assert set(case(items, "P1").events) == {
        Event(EventKind.ADMISSION, True, APRIL_1),
        Event(EventKind.DEATH, False),
        Event(EventKind.ICU_ADMISSION, True, APRIL_1 + 2),
        Event(EventKind.INTUBATION, False),
        Event(EventKind.OXYGEN, True),
    }
    assert case(items, "P1").last_seen_alive == APRIL_1 + 30
    assert case(items, "P1").facts == {"ward": "7"}


@pytest.mark.parametrize(
    ("answers", "findings"),
    [
        ("Y,,", {"COVID-19": True, "Viral Pneumonia": True, "Pneumonia": True, "No Finding": False}),
        ("Y,N,", {"COVID-19": True, "Pneumonia": False}),  # a positive swab and clear lungs
        ("Y,,Y", {"COVID-19": True, "Pneumonia": False, "No Finding": True}),
        ("N,Y,", {"COVID-19": False, "Pneumonia": True, "No Finding": False}),
        (",,Y", {"COVID-19": False, "Pneumonia": False, "No Finding": True}),
        (",,N", {"No Finding": False}),
        (",,", {}),
    ],
)
def test_findings_of_a_row(tmp_path: Path, answers: str, findings: dict[str, bool]) -> None:
    a_film(tmp_path, "a.dcm")
    a_table(tmp_path, "patient_id,covid_19,pneumonia,no_finding", f"P1,{answers}")
    (scan,) = scans(list(read(OpenedSource.of(tmp_path))))
    assert scan.findings == findings


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("death", "maybe", "Y, N or nothing"),
        ("covid_19", "1", "Y, N or nothing"),
        ("death_date", "03/04/2020", "2020-04-01"),
        ("admission_date", "2020-13-01", "2020-04-01"),
        ("sex", "female", "F, M or nothing"),
        ("age", "middle", "years"),
        ("crp", "-3", "crp: -3 mg/L cannot be"),
        ("spo2", "high", "spo2: it is not a number"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_not_dropped(tmp_path: Path, column: str, value: str, says: str) -> None:
    a_film(tmp_path, "a.dcm")
    a_table(tmp_path, f"patient_id,icu,{column}", f"P1,Y,{value}")
    items = list(read(OpenedSource.of(tmp_path)))
    ((name, message),) = refusals(items)
    assert name == "cases.csv line 2" and message.startswith(column) and says in message
    assert case(items, "P1").events == ()
    assert len(scans(items)) == 1


@pytest.mark.parametrize(
    "rows",
    [
        ["P1,N,2020-04-01,,"],
        ["P1,,,Y,Y"],
        [",Y,,,"],
        ["P1,Y"],
        ["P1,Y,,,", "P1,N,,,"],
    ],
)
def test_a_contradictory_nameless_cut_or_second_row_is_refused(tmp_path: Path, rows: list[str]) -> None:
    a_film(tmp_path, "a.dcm")
    a_table(tmp_path, "patient_id,death,death_date,no_finding,pneumonia", *rows)
    found = [item for item in read(OpenedSource.of(tmp_path)) if isinstance(item, Refusal)]
    assert [(item.source_id, item.reason) for item in found] == [
        (f"cases.csv line {len(rows) + 1}", Reason.BROKEN_RECORD)
    ]


def test_a_patient_of_the_table_without_scans_is_a_case(tmp_path: Path) -> None:
    a_film(tmp_path, "a.dcm")
    a_table(tmp_path, "patient_id,death", "P9,Y")
    assert case(list(read(OpenedSource.of(tmp_path))), "P9").events == (Event(EventKind.DEATH, True),)


def test_files_that_are_no_scan_are_refused_each_with_its_reason(tmp_path: Path) -> None:
    a_film(tmp_path, "a.dcm")
    (tmp_path / "empty.dcm").write_bytes(b"")
    (tmp_path / "note.dcm").write_text("no DICOM at all")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    found = {item.source_id: item.reason for item in read(OpenedSource.of(tmp_path)) if isinstance(item, Refusal)}
    assert found == {
        "empty.dcm": Reason.EMPTY_FILE,
        "note.dcm": Reason.NOT_DICOM,
        "picture.png": Reason.NOT_DICOM,
    }


def test_a_file_name_that_is_not_utf8_is_refused_and_the_ingest_goes_on(tmp_path: Path) -> None:
    source = tmp_path / "source"
    a_film(source, "a.dcm")
    Path(os.fsdecode(os.fsencode(source) + b"/R\xf6ntgen.dcm")).write_bytes(dicom_bytes(a_dataset()))
    account = ingest("dicom-folder", read, FolderTree(source), tmp_path / "book", KEYRING, workers=1)
    assert dict(account.refusals) == {("dicom-folder", "", "", "unreadable_file"): 1}
    assert sum(account.scans.values()) == 1


def test_a_folder_without_any_file_is_not_silently_empty(tmp_path: Path) -> None:
    assert not recognises(OpenedSource.of(tmp_path))
    with pytest.raises(CasebookError, match="holds none"):
        list(read(OpenedSource.of(tmp_path)))


def test_columns_named_as_facts_are_facts_of_the_patient_s_scans_with_their_unit(tmp_path: Path) -> None:
    a_film(tmp_path, "a.dcm"), a_film(tmp_path, "b.dcm", "P2")
    a_table(tmp_path, "patient_id,crp,spo2,diabetes,ward", "P1,12mg/dL,88,yes,7", "P2,,,,")
    found = {scan.patient_id: scan.facts for scan in scans(list(read(OpenedSource.of(tmp_path))))}
    assert found == {"P1": {"crp": 120.0, "spo2": 88.0, "diabetes": 1.0}, "P2": {}}


def test_facts_of_headers_reach_the_casebook_and_what_the_table_states_goes_before_them(tmp_path: Path) -> None:
    for name, patient in (("a.dcm", "P1"), ("b.dcm", "P2")):
        data = dicom_bytes(a_dataset(PatientID=patient, PatientSize="1.80", PatientWeight="80", SmokingStatus="YES"))
        (tmp_path / name).write_bytes(data)
    a_table(tmp_path, "patient_id,smoker", "P1,no")
    ingest("dicom-folder", read, FolderTree(tmp_path), tmp_path / "book", KEYRING, workers=1)
    rows = Casebook.load(tmp_path / "book").tables["scans"].to_pylist()
    assert {row["source_id"]: dict(row["facts"]) for row in rows} == {
        "a.dcm": {"height": 180.0, "weight": 80.0, "smoker": 0.0},
        "b.dcm": {"height": 180.0, "weight": 80.0, "smoker": 1.0},
    }
