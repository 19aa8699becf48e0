import json
import re
from pathlib import Path

import pydicom
import pytest

from scankin.index_build.construct import ConstructAccount, construct, held_out_patient
from scankin.index_build.importers.base import Refusal, SourceCase, SourceScan
from scankin.index_build.importers.nccid import read
from scankin.retrieval.errors import CasebookError, Reason, RefusedScan
from scankin.retrieval.reading import ReadRequest, read_scan
from scankin.retrieval.scan import Modality

SEED, PATIENTS = 4, 12
STATUS_FIELDS = {"Pseudonym", "SubmittingCentre", "SwabStatus", "SwabDate", "SwabDates"}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ConstructAccount]:
    out = tmp_path_factory.mktemp("made") / "cohort"
    return out, construct(out, patients=PATIENTS, seed=SEED, centres=5, workers=1)


def tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_smaller_cohort_made_by_more_processes_is_the_beginning_of_the_larger_byte_for_byte(
    cohort: tuple[Path, ConstructAccount], tmp_path: Path
) -> None:
    construct(tmp_path / "few", patients=4, seed=SEED, centres=5, workers=2)
    few, all_ = tree(tmp_path / "few"), tree(cohort[0])
    people = {name.split("/")[2] for name in few}
    assert len(people) == 4
    assert few == {name: data for name, data in all_.items() if name.split("/")[2] in people}


def test_paths_are_made_of_the_headers_uids(cohort: tuple[Path, ConstructAccount]) -> None:
    images = list((cohort[0] / "training").rglob("*.dcm"))
    folders = {"DX": "xray", "CR": "xray", "CT": "ct"}
    for image in images:
        header = pydicom.dcmread(image, stop_before_pixels=True)
        expected = [folders[header.Modality], header.PatientID, header.StudyInstanceUID, header.SeriesInstanceUID]
        assert list(image.relative_to(cohort[0] / "training").parts) == [*expected, f"{header.SOPInstanceUID}.dcm"]
        assert header.file_meta.MediaStorageSOPInstanceUID == header.SOPInstanceUID
        assert header.ImageComments == "CONSTRUCTED, NOT A REAL PATIENT"


def test_every_image_has_its_metadata_and_no_metadata_is_alone(cohort: tuple[Path, ConstructAccount]) -> None:
    names = {path.relative_to(cohort[0] / "training").as_posix() for path in cohort[0].rglob("*") if path.is_file()}
    images = {name.removesuffix(".dcm") for name in names if name.endswith(".dcm")}
    headers = {name.removesuffix(".json") for name in names if re.match(r"(xray|ct)-metadata/", name)}
    assert images == {name.replace("-metadata/", "/", 1) for name in headers}


def test_positives_have_data_files_and_negatives_only_a_swab(cohort: tuple[Path, ConstructAccount]) -> None:
    positives = 0
    for folder in (cohort[0] / "training/data").iterdir():
        files = {path.name: json.loads(path.read_text()) for path in folder.iterdir()}
        assert all(re.fullmatch(r"(data|status)_\d{4}-\d\d-\d\d\.json", name) for name in files)
        assert all(record["Pseudonym"] == folder.name for record in files.values())
        if any(name.startswith("data_") for name in files):
            positives += 1
        else:
            assert all(set(record) <= STATUS_FIELDS and record["SwabStatus"] == "0" for record in files.values())
    assert positives == cohort[1].positives
    assert 0 < positives < PATIENTS


def test_the_importer_reads_all_of_it_and_refuses_nothing(cohort: tuple[Path, ConstructAccount]) -> None:
    items = list(read(cohort[0]))
    account = cohort[1]
    assert [item for item in items if isinstance(item, Refusal)] == []
    assert sum(isinstance(item, SourceCase) for item in items) == account.patients == PATIENTS
    scans = [item for item in items if isinstance(item, SourceScan)]
    assert len(scans) == account.films + 2 * account.series  # each CT has a localizer besides
    assert any(scan.findings.get("COVID-19") for scan in scans)
    assert any("cxr_severity" in scan.measures for scan in scans)


def test_films_and_series_are_read_as_what_they_are_and_localizers_refused(
    cohort: tuple[Path, ConstructAccount],
) -> None:
    root, account = cohort
    films = sorted((root / "training/xray").rglob("*.dcm"))
    for path in films[:6]:
        scan = read_scan(ReadRequest(paths=(path,)))
        assert scan.modality is Modality.XRAY
        assert scan.view == pydicom.dcmread(path, stop_before_pixels=True).ViewPosition
    read_series, refused = 0, 0
    for folder in {path.parent for path in (root / "training/ct").rglob("*.dcm")}:
        try:
            scan = read_scan(ReadRequest(paths=tuple(sorted(folder.iterdir())), slices=4))
        except RefusedScan as refusal:
            assert refusal.reason is Reason.LOCALIZER
            refused += 1
        else:
            assert scan.modality is Modality.CT
            assert scan.is_hounsfield
            assert scan.slices_in_series >= 28
            read_series += 1
    assert read_series == refused == account.series > 0


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here/kept.txt").write_text("mine")
    with pytest.raises(CasebookError, match="not an empty folder"):
        construct(tmp_path / "here", patients=1, seed=1)
    assert tree(tmp_path) == {"here/kept.txt": b"mine"}


@pytest.mark.parametrize("numbers", [{"patients": 0}, {"patients": 1, "centres": 0}, {"patients": 900_000}])
def test_numbers_out_of_range_are_refused(numbers: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(CasebookError, match="needs 1 to"):
        construct(tmp_path / "none", seed=1, **numbers)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        construct(tmp_path / "cut", patients=3, seed=1, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_filled_and_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    construct(tmp_path, patients=2, seed=2, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]
    assert (tmp_path / "training/data").is_dir()


def test_the_held_out_patient_is_in_no_cohort_and_tells_the_truth(
    cohort: tuple[Path, ConstructAccount], tmp_path: Path
) -> None:
    held_out = held_out_patient(tmp_path / "new", seed=SEED)
    header = pydicom.dcmread(held_out.path, stop_before_pixels=True)
    people = {path.name for path in (cohort[0] / "training/data").iterdir()}
    assert header.PatientID not in people
    assert int(header.PatientID.removeprefix("Covid")) >= 900_001
    assert read_scan(ReadRequest(paths=(held_out.path,))).modality is Modality.XRAY
    assert 0 <= held_out.severity <= 1
    assert held_out.severity_class in ("mild", "moderate", "severe")
    with pytest.raises(CasebookError, match="already"):
        held_out_patient(tmp_path / "new", seed=SEED)
