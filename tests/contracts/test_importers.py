"""One contract for every importer, on a sample of what it reads."""

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from builders import a_dataset, a_slice, dicom_bytes
from real_data import ROOT, data_dir

from scankin.index_build.construct import construct
from scankin.index_build.importers import (
    OpenedSource,
    Refusal,
    SourceCase,
    SourceScan,
    importer_names,
    load_importer,
    recognise,
)
from scankin.retrieval.errors import CasebookError, UnknownName

Item = SourceScan | SourceCase | Refusal


def sample(name: str, folder: Path) -> Path:
    if name == "open-cxr":
        return data_dir("open-cxr")
    if name == "hannover":
        return data_dir("public-layouts") / "covid-19-image-repository"
    if name == "covid-chestxray":
        return data_dir("public-layouts") / "covid-chestxray-dataset"
    if name == "nccid":
        construct(folder / "nccid", patients=8, seed=3, centres=3)
        return folder / "nccid"
    assert name == "dicom-folder", f"{name} has no sample here: add one"
    for number in range(3):
        (folder / f"{number}.dcm").write_bytes(dicom_bytes(a_dataset(PatientID=f"P{number}")))
        (folder / f"slice{number}.dcm").write_bytes(dicom_bytes(a_slice("1.2.3", number, 0, PatientID="P1")))
    (folder / "note.dcm").write_text("no DICOM")
    (folder / "cases.csv").write_text(
        "patient_id,sex,admission_date,death,icu,icu_date,covid_19,ward\nP1,F,2020-04-01,N,,2020-04-03,Y,7\nP2,,,,N,,,\n"
    )
    return folder


@pytest.fixture(scope="module", params=importer_names())
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, list[Item]]:
    root = sample(request.param, tmp_path_factory.mktemp("sample"))
    return request.param, root, list(load_importer(request.param).read(OpenedSource.of(root)))


def of(items: list[Item], kind: type) -> Iterator:
    return (item for item in items if isinstance(item, kind))


def test_yields_scans_with_unique_ids_and_files_inside_the_folder(read: tuple[str, Path, list[Item]]) -> None:
    _, root, items = read
    scans = list(of(items, SourceScan))
    assert scans and len({scan.source_id for scan in scans}) == len(scans)
    for scan in scans:
        for file in scan.files:
            assert not PurePosixPath(file).is_absolute() and ".." not in PurePosixPath(file).parts
        assert (root / scan.files[0]).is_file()


def test_yields_scans_cases_and_refusals_and_nothing_else(read: tuple[str, Path, list[Item]]) -> None:
    _, _, items = read
    assert {type(item) for item in items} <= {SourceScan, SourceCase, Refusal}
    assert all(isinstance(item, SourceScan | SourceCase | Refusal) and item.collection for item in items)


def test_every_file_is_of_one_scan_or_one_refusal(read: tuple[str, Path, list[Item]]) -> None:
    _, root, items = read
    named = [file for scan in of(items, SourceScan) for file in scan.files]
    named += [refusal.source_id for refusal in of(items, Refusal)]
    assert len(set(named)) == len(named)
    # Lung masks lie beside open-cxr's pictures and are no scans.
    pictures = (path for path in root.rglob("*") if path.suffix in (".dcm", ".png", ".jpg", ".jpeg"))
    on_disk = {path.relative_to(root).as_posix() for path in pictures if "masks" not in path.parts}
    # A CT series that is refused is named by its folder.
    assert {file if file in named else str(PurePosixPath(file).parent) for file in on_disk} == set(named)


def test_every_patient_has_one_case(read: tuple[str, Path, list[Item]]) -> None:
    _, _, items = read
    cases = [case.patient_id for case in of(items, SourceCase)]
    assert len(set(cases)) == len(cases)
    assert {scan.patient_id for scan in of(items, SourceScan)} <= set(cases)


def test_reads_the_same_twice(read: tuple[str, Path, list[Item]]) -> None:
    name, root, items = read
    assert list(load_importer(name).read(OpenedSource.of(root))) == items


def test_is_recognised_and_documented(read: tuple[str, Path, list[Item]]) -> None:
    name, root, _ = read
    assert recognise(OpenedSource.of(root)) == name
    assert f"\n## {name}\n" in (ROOT / "docs" / "importers.md").read_text()


def test_another_folder_is_an_error_that_says_what_is_missing(
    read: tuple[str, Path, list[Item]], tmp_path: Path
) -> None:
    with pytest.raises(CasebookError, match="This is no"):
        list(load_importer(read[0]).read(OpenedSource.of(tmp_path / "nothing")))


def test_an_unknown_importer_lists_those_there_are() -> None:
    with pytest.raises(UnknownName, match="hannover"):
        load_importer("nonsense")


def test_dicom_folder_reads_cases_beside_the_files(tmp_path: Path) -> None:
    items = list(load_importer("dicom-folder").read(OpenedSource.of(sample("dicom-folder", tmp_path))))
    cases = {case.patient_id: case for case in of(items, SourceCase)}
    assert set(cases) == {"P0", "P1", "P2"}
    stated = {(event.kind.value, event.happened, event.day) for event in cases["P1"].events}
    # 2020-04-01 is day 18353 since 1970-01-01.
    assert stated == {("admission", True, 18353), ("icu_admission", True, 18355), ("death", False, None)}
    assert cases["P1"].facts == {"ward": "7"}
    assert [event.happened for event in cases["P2"].events] == [False]
    series = next(scan for scan in of(items, SourceScan) if len(scan.files) == 3)
    assert (series.patient_id, series.findings["COVID-19"], series.findings["Pneumonia"]) == ("P1", True, True)
    assert [refusal.reason.value for refusal in of(items, Refusal)] == ["not_dicom"]


def test_nccid_never_gives_negative_patients_an_outcome(tmp_path: Path) -> None:
    root = sample("nccid", tmp_path)
    positive = {path.parent.name.upper() for path in root.rglob("data_*.json")}
    kinds = {"death", "icu_admission", "intubation", "oxygen"}
    for case in of(list(load_importer("nccid").read(OpenedSource.of(root))), SourceCase):
        has_outcomes = any(event.kind.value in kinds for event in case.events)
        assert has_outcomes == (case.patient_id in positive)


def test_nccid_quarantines_and_refuses_what_is_damaged(tmp_path: Path) -> None:
    root = sample("nccid", tmp_path)
    data = root / "training" / "data"
    (data / "Covid900").mkdir()
    (data / "Covid900" / "data_2020-05-01.json").write_text("[1, 2]")
    (data / "Covid902").mkdir()
    (data / "Covid902" / "data_2020-05-01.json").write_text(json.dumps({"Pseudonym": "Covid1", "Death": "1"}))
    stray = root / "training" / "xray" / "Covid901" / "1.dcm"
    stray.parent.mkdir()
    stray.write_bytes(dicom_bytes(a_dataset()))
    refusals = {
        r.source_id: (r.reason.value, r.message)
        for r in of(list(load_importer("nccid").read(OpenedSource.of(root))), Refusal)
    }
    assert refusals["training/data/Covid900/data_2020-05-01.json"] == (
        "broken_record",
        "It holds a list, not an object.",
    )
    assert refusals["training/data/Covid902/data_2020-05-01.json"] == (
        "broken_record",
        "Its Pseudonym is not that of its folder; quarantined.",
    )
    assert refusals["training/xray/Covid901/1.dcm"][0] == "no_case"
