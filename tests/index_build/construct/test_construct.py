import json
import re
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from scipy.stats import spearmanr

from scankin.index_build.cohort import ConstructAccount, construct, held_out_patient
from scankin.index_build.cohort.film import Disease, chest_of, draw_film
from scankin.index_build.cohort.patients import Patient, patient_of
from scankin.index_build.importers.base import SourceCase, SourceScan
from scankin.index_build.importers.nccid import read
from scankin.retrieval.errors import CasebookError

PATIENTS, SEED = 14, 1
UID = re.compile(r"1\.2\.826\.0\.1\.3680043\.9\.3218\.1\.1\.\d+\.\d+\.\d{13}\.\d+\.0")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ConstructAccount]:
    into = tmp_path_factory.mktemp("constructed") / "cohort"
    return into, construct(into, patients=PATIENTS, seed=SEED)


@pytest.fixture(scope="module")
def many() -> list[Patient]:
    return [patient_of(number, np.random.default_rng([3, number]), 25) for number in range(3000)]


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def records(root: Path) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    found = defaultdict(list)
    for path in (root / "training/data").rglob("*.json"):
        found[path.parent.name].append((path.name, json.loads(path.read_text())))
    return dict(found)


def american(text: str) -> date:
    month, day, year = map(int, text.split("/"))
    return date(year, month, day)


def test_the_same_seed_gives_the_same_bytes_and_a_larger_cohort_begins_with_the_smaller(
    cohort: tuple[Path, ConstructAccount], tmp_path: Path
) -> None:
    construct(tmp_path / "few", patients=5, seed=SEED)
    few, more = contents(tmp_path / "few"), contents(cohort[0])
    names = {name.split("/")[2] for name in few}
    assert len(names) == 5
    assert few == {name: data for name, data in more.items() if name.split("/")[2] in names}


def test_another_seed_gives_other_patients(cohort: tuple[Path, ConstructAccount], tmp_path: Path) -> None:
    construct(tmp_path / "other", patients=2, seed=SEED + 1)
    assert not set(contents(tmp_path / "other").values()) & set(contents(cohort[0]).values())


def test_the_path_of_an_image_is_its_header(cohort: tuple[Path, ConstructAccount]) -> None:
    training = cohort[0] / "training"
    images = [*training.glob("xray/*/*/*/*.dcm"), *training.glob("ct/*/*/*/*.dcm")]
    assert len(images) == len(list(training.rglob("*.dcm"))) > 0
    for path in images:
        header = pydicom.dcmread(path, stop_before_pixels=True)
        uids = [header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPInstanceUID]
        assert [path.parts[-4], path.parts[-3], path.parts[-2], path.stem] == [header.PatientID, *uids]
        assert all(UID.fullmatch(uid) for uid in uids)
        assert header.PatientName == header.PatientID
        assert header.PatientBirthDate.endswith("0101")
        assert header.SeriesDate != header.StudyDate  # only study and acquisition dates are true
        assert header.ImageComments == "CONSTRUCTED, NOT A REAL PATIENT"


def test_pixels_use_the_bits_that_the_header_states(cohort: tuple[Path, ConstructAccount]) -> None:
    for path in (cohort[0] / "training/xray").rglob("*.dcm"):
        film = pydicom.dcmread(path)
        assert film.pixel_array.shape == (512, 512)
        assert 2 ** (film.BitsStored - 1) < film.pixel_array.max() < 2**film.BitsStored


def test_every_film_has_its_header_as_json_without_pixels(cohort: tuple[Path, ConstructAccount]) -> None:
    films = list((cohort[0] / "training/xray").rglob("*.dcm"))
    assert films
    for path in films:
        beside = Path(str(path).replace("/xray/", "/xray-metadata/")).with_suffix(".json")
        header = json.loads(beside.read_text())
        assert header["00100020"] == {"vr": "LO", "Value": [path.parts[-4]]}
        assert header["00100010"]["Value"] == [{"Alphabetic": path.parts[-4]}]
        assert "7FE00010" not in header
        assert not any(tag.startswith("0002") for tag in header)
        assert all(element.get("InlineBinary") is None for element in header.values())


def test_the_account_counts_what_the_importer_reads_and_nothing_is_refused(
    cohort: tuple[Path, ConstructAccount],
) -> None:
    root, account = cohort
    kinds = Counter(type(item) for item in read(root))
    films = len(list((root / "training/xray").rglob("*.dcm")))
    series = len({path.parent for path in (root / "training/ct").rglob("*.dcm")})
    assert (account.patients, account.films, account.series) == (PATIENTS, films, series)
    assert kinds == {SourceScan: films + series, SourceCase: PATIENTS}


def test_positives_have_data_files_and_negatives_only_a_swab(cohort: tuple[Path, ConstructAccount]) -> None:
    minimal = {"Pseudonym", "SubmittingCentre", "SwabStatus", "SwabDate"}
    seen = set()
    for pseudonym, files in records(cohort[0]).items():
        ((name, record),) = files
        kind, day = name.removesuffix(".json").split("_")
        date.fromisoformat(day)
        seen.add(kind)
        assert record["Pseudonym"] == pseudonym
        if kind == "status":
            assert record.keys() == minimal
            assert record["SwabStatus"] == "0"
        else:
            assert record["Final COVID Status"] == "1"
            assert {record["Death"], record["ITU admission"], record["Intubation"]} <= {"0", "1"}
    assert seen == {"data", "status"}


def test_stated_dates_follow_the_course_of_the_illness(cohort: tuple[Path, ConstructAccount]) -> None:
    steps = ("Date of Positive Covid Swab", "Date of admission", "Date of ITU admission", "Date of intubation")
    for files in records(cohort[0]).values():
        name, record = files[0]
        if name.startswith("data_"):
            stated = [american(record[step]) for step in (*steps, "Date of death") if record[step]]
            assert stated == sorted(stated)
            assert max(stated) <= date.fromisoformat(name[5:15])
            for flag, day in (("Death", "Date of death"), ("ITU admission", steps[2]), ("Intubation", steps[3])):
                assert (record[flag] == "1") == bool(record[day])


def test_shares_are_those_of_the_recipe(many: list[Patient]) -> None:
    positive = [patient for patient in many if patient.is_positive]
    # four standard deviations of a binomial: 3,000 patients, about 1,020 of them positive
    assert abs(len(positive) / len(many) - 0.34) < 4 * (0.34 * 0.66 / 3000) ** 0.5
    assert abs(np.mean([patient.died is not None for patient in positive]) - 0.30) < 4 * (0.3 * 0.7 / 1000) ** 0.5
    assert abs(np.mean([patient.itu is not None for patient in positive]) - 0.18) < 4 * (0.18 * 0.82 / 1000) ** 0.5


def test_intubation_is_in_intensive_care_and_negatives_have_no_outcome(many: list[Patient]) -> None:
    assert all(patient.itu is not None for patient in many if patient.intubated is not None)
    negative = [patient for patient in many if not patient.is_positive]
    outcomes = [(p.admitted, p.itu, p.intubated, p.died, p.last_alive) for p in negative]
    assert set(outcomes) == {(None,) * 5}


def test_some_patients_have_no_image_and_none_is_filmed_after_death(many: list[Patient]) -> None:
    assert any(not patient.films for patient in many)
    assert all(film.day <= patient.died for patient in many if patient.died for film in patient.films)


def test_the_worse_the_illness_the_more_die(many: list[Patient]) -> None:
    positive = sorted((p for p in many if p.is_positive), key=lambda patient: patient.severity)
    third = len(positive) // 3
    mild, severe = (np.mean([p.died is not None for p in part]) for part in (positive[:third], positive[-third:]))
    assert mild + 0.2 < severe


def test_severity_is_visible_as_bright_lungs() -> None:
    severities = (np.arange(40) + 0.5) / 40
    brightness = []
    for index, severity in enumerate(severities):
        rng = np.random.default_rng([7, index])
        chest = chest_of(rng, is_female=bool(index % 2))
        film, lungs = draw_film(chest, Disease("covid", float(severity)), rng, is_ap=index % 3 == 0)
        brightness.append(film[lungs > 0.5].mean())
    assert spearmanr(severities, brightness).statistic > 0.8


def test_the_held_out_patient_is_in_no_cohort(cohort: tuple[Path, ConstructAccount], tmp_path: Path) -> None:
    one, again = (held_out_patient(tmp_path / name, seed=SEED) for name in ("one", "again"))
    film = pydicom.dcmread(one.path)
    assert one.path.suffix == ".dcm"
    assert film.PatientID not in records(cohort[0])
    assert film.pixel_array.shape == (512, 512)
    assert 0 <= one.severity <= 1
    assert (one.path.read_bytes(), one.severity) == (again.path.read_bytes(), again.severity)


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    into = tmp_path / "taken"
    into.mkdir()
    (into / "theirs.txt").write_text("keep")
    with pytest.raises(CasebookError, match="not empty"):
        construct(into, patients=1, seed=SEED)
    assert contents(tmp_path) == {"taken/theirs.txt": b"keep"}


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        construct(tmp_path / "cohort", patients=3, seed=SEED, progress=stop)
    assert list(tmp_path.iterdir()) == []
