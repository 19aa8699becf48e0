import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pydicom
import pytest

from scankin.index_build.construct import ConstructAccount, construct, held_out_patient
from scankin.retrieval.errors import CasebookError
from scankin.retrieval.reading import ReadRequest, read_scan
from scankin.retrieval.scan import Modality

SEED, PATIENTS = 4, 12
STATUS_FIELDS = {"Pseudonym", "SubmittingCentre", "SwabStatus", "SwabDate", "SwabDates", "SpecialFormatTimestamp"}


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
        stated = list(image.relative_to(cohort[0] / "training").parts)
        assert [stated[0], *stated[2:]] == [expected[0], *expected[2:], f"{header.SOPInstanceUID}.dcm"]
        assert stated[1].upper() == expected[1].upper() or header.PatientID == f"{stated[1]}9"
        assert header.file_meta.MediaStorageSOPInstanceUID == header.SOPInstanceUID
        assert header.ImageComments == "CONSTRUCTED, NOT A REAL PATIENT"


def test_images_have_their_metadata_beside_them(cohort: tuple[Path, ConstructAccount]) -> None:
    names = {path.relative_to(cohort[0] / "training").as_posix() for path in cohort[0].rglob("*") if path.is_file()}
    images = {name.removesuffix(".dcm") for name in names if name.endswith(".dcm")}
    headers = {name.removesuffix(".json") for name in names if re.match(r"(xray|ct)-metadata/", name)}
    # One film in a hundred lacks its metadata, or was not downloaded.
    apart = images ^ {name.replace("-metadata/", "/", 1) for name in headers}
    assert len(apart) <= 0.1 * len(images)


def test_positives_have_data_files_and_negatives_only_a_swab(cohort: tuple[Path, ConstructAccount]) -> None:
    positives = 0
    for folder in (cohort[0] / "training/data").iterdir():
        assert all(re.fullmatch(r"(data|status)_\d{4}-\d\d-\d\d\.json", path.name) for path in folder.iterdir())
        newest = max(folder.iterdir())
        record = json.loads(newest.read_text())
        assert record["Pseudonym"].upper() == folder.name.upper()
        if any(path.name.startswith("data_") for path in folder.iterdir()):
            positives += 1
        else:
            assert set(record) <= STATUS_FIELDS
    assert positives == cohort[1].positives
    assert 0 < positives < PATIENTS


def test_series_are_a_localizer_thin_and_thick_slices_and_reconstructions(
    cohort: tuple[Path, ConstructAccount],
) -> None:
    root, account = cohort
    kinds: Counter[str] = Counter()
    for folder in {path.parent for path in (root / "training/ct").rglob("*.dcm")}:
        headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in sorted(folder.iterdir())]
        first = headers[0]
        kinds[f"{first.ImageType[-1]} {first.SliceThickness}"] += 1
        if first.ImageType[-1] == "AXIAL":
            scan = read_scan(ReadRequest(paths=tuple(sorted(folder.iterdir())), slices=4))
            assert scan.modality is Modality.CT and scan.is_hounsfield and scan.slices_in_series >= 28
    assert kinds["LOCALIZER 0.6"] == kinds["AXIAL 1.0"] == kinds["AXIAL 5.0"] == account.series > 0


def test_films_are_read_as_what_they_are(cohort: tuple[Path, ConstructAccount]) -> None:
    kinds = {
        scan["path"]: scan["becomes"]
        for patient in truth_of(cohort[0])
        for scan in patient["scans"]
        if "/xray/" in scan["path"]
    }
    films = [cohort[0] / path for path, becomes in kinds.items() if becomes == "scan"]
    for path in films[:6]:
        scan = read_scan(ReadRequest(paths=(path,)))
        assert scan.modality is Modality.XRAY
        assert scan.view is not None and scan.view in pydicom.dcmread(path, stop_before_pixels=True).ViewPosition


@pytest.mark.slow
def test_the_planted_marker_goes_with_death_and_only_when_asked_for(tmp_path: Path) -> None:
    construct(tmp_path / "clean", patients=4, seed=5, centres=2)
    assert not any(scan["has_marker"] for patient in truth_of(tmp_path / "clean") for scan in patient["scans"])
    construct(tmp_path / "drawn", patients=30, seed=5, centres=2, has_shortcut=True, workers=2)
    marked: dict[bool, list[bool]] = {True: [], False: []}
    for patient in truth_of(tmp_path / "drawn"):
        films = [scan for scan in patient["scans"] if "/xray/" in scan["path"] and scan["becomes"] == "scan"]
        marked[patient["died"] is not None] += [scan["has_marker"] for scan in films]
    assert sum(marked[True]) > 0.6 * len(marked[True]) > 0
    assert sum(marked[False]) < 0.3 * len(marked[False])


def truth_of(cohort: Path) -> list[dict[str, Any]]:
    lines = (cohort.with_name(f"{cohort.name}-truth") / "truth.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here/kept.txt").write_text("mine")
    with pytest.raises(CasebookError, match="not an empty folder"):
        construct(tmp_path / "here", patients=1, seed=1)
    assert tree(tmp_path) == {"here/kept.txt": b"mine"}
    with pytest.raises(CasebookError, match="not an empty folder"):
        construct(tmp_path / "new", patients=1, seed=1, truth=tmp_path / "here")


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
    (tmp_path / "cohort").mkdir()
    construct(tmp_path / "cohort", patients=2, seed=2, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]
    assert (tmp_path / "cohort/training/data").is_dir()


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
