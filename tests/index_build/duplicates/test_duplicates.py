"""The detector on real films altered in known ways, and on films that are not one picture."""

import csv
import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from builders import a_record
from PIL import Image
from real_data import data_dir
from stores import a_casebook, a_store

from scankin.index_build.casebook import Casebook
from scankin.index_build.cli import app
from scankin.index_build.duplicates.finding import Duplicate, Picture, find_duplicates
from scankin.index_build.duplicates.listing import DUPLICATES, as_csv, duplicates_of
from scankin.index_build.evaluate.people import joined_people
from scankin.index_build.governance.withdraw import withdraw
from scankin.index_build.vectors import VectorCache
from scankin.retrieval.fingerprint import fingerprint
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import Modality, Scan
from scankin.retrieval.thumbnails import thumbnail_png


def a_picture(name: str, pixels: np.ndarray, patient: str | None = None) -> Picture:
    scan = Scan(Modality.XRAY, np.ascontiguousarray(pixels, np.uint8)[np.newaxis])
    return Picture(name, patient or f"of-{name}", fingerprint(scan), thumbnail_png(scan))


def cropped(film: np.ndarray, share: float, left: float, top: float) -> np.ndarray:
    """The film less a share of its width and height, cut off at the sides in these proportions."""
    height, width = film.shape
    y, x = round(height * share * top), round(width * share * left)
    return film[y : y + round(height * (1 - share)), x : x + round(width * (1 - share))]


def as_jpeg(film: np.ndarray, quality: int) -> np.ndarray:
    sink = io.BytesIO()
    Image.fromarray(film).save(sink, "JPEG", quality=quality)
    return np.asarray(Image.open(sink))


ALTERED = {
    "cropped by 5 %": lambda film: cropped(film, 0.05, 0.3, 0.6),
    "cropped by 15 % at one corner": lambda film: cropped(film, 0.15, 0.0, 1.0),
    "half the size": lambda film: cv2.resize(film, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "JPEG 50": lambda film: as_jpeg(film, 50),
    "brighter": lambda film: np.clip(255 * (film / 255.0) ** 0.7 * 1.1, 0, 255).astype(np.uint8),
    "mirrored": lambda film: film[:, ::-1],
    "all of it": lambda film: as_jpeg(np.ascontiguousarray(cropped(film, 0.1, 0.5, 0.2)[:, ::-1]), 50),
}


def films_of(source: str, *, one_a_patient: bool = False) -> list[np.ndarray]:
    """The films of a collection in the order of its table, sorted by patient."""
    root = data_dir("open-cxr")
    with (root / "cases.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] == source and row["modality"] == "X-ray"]
    rows.sort(key=lambda row: row["split_group"])
    if one_a_patient:
        rows = list({row["split_group"]: row for row in rows}.values())
    return [np.asarray(Image.open(root / row["image_path"]).convert("L")) for row in rows[:61]]


@pytest.fixture(scope="module")
def films() -> list[np.ndarray]:
    """Eight real films of different patients, two of each of four collections."""
    names = ("actualmed", "openist-normal", "nih-chestxray14", "kermany-paediatric")
    return [film for name in names for film in films_of(name, one_a_patient=True)[:60:30]]


@pytest.mark.parametrize("alteration", ALTERED)
def test_an_altered_film_is_found_and_no_other(films: list[np.ndarray], alteration: str) -> None:
    pictures = [a_picture(f"a{number}", film) for number, film in enumerate(films)]
    pictures += [a_picture(f"b{number}", ALTERED[alteration](film)) for number, film in enumerate(films)]
    found = find_duplicates(pictures)
    assert [one.scans for one in found] == [(f"a{number}", f"b{number}") for number in range(len(films))]
    assert {one.is_mirrored for one in found} == {alteration in ("mirrored", "all of it")}


def test_two_films_of_one_patient_are_not_one_picture() -> None:
    films = films_of("hannover-mhh")[:12]  # of five patients
    pictures = [a_picture(f"s{number:02d}", film) for number, film in enumerate(films)]
    assert find_duplicates(pictures) == []


def test_people_are_joined_through_a_chain_of_pictures() -> None:
    records = [a_record(number, f"p{number}") for number in (1, 2, 3, 4)]
    pairs = [
        Duplicate(("x", "y"), ("p1", "p3"), "keypoints", False, 0.99),
        Duplicate(("y", "z"), ("p3", "p4"), "keypoints", False, 0.99),
        Duplicate(("u", "v"), ("p2", "p2"), "fingerprint", False, 1.0),  # of one patient: nobody to join
    ]
    people, joined = joined_people(records, pairs)
    assert joined == (("p1", "p3"), ("p3", "p4"))
    assert people[0] == people[2] == people[3] != people[1]


def test_a_build_lists_films_that_are_one_picture_and_says_how_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_store(tmp_path)
    twin = (tmp_path / "source/000.dcm").read_bytes()
    (tmp_path / "source/022.dcm").write_bytes(twin)
    casebook = tmp_path / "again"
    a_casebook(casebook, tmp_path / "source")
    app(["build", str(casebook), str(tmp_path / "st"), "--encoder", "thumbnail"], standalone_mode=False)
    assert "Pairs of films that are one picture: 1, of two patients: 1." in " ".join(capsys.readouterr().out.split())
    lines = (casebook / DUPLICATES).read_text().splitlines()
    assert lines[1].startswith("scan,other_scan,patient,other_patient") and len(lines) == 3
    assert "CANARY" not in "".join(lines)


def test_the_list_is_read_again_for_the_same_films_and_found_anew_for_others(tmp_path: Path) -> None:
    a_store(tmp_path)
    casebook = tmp_path / "casebook"
    records = [ScanRecord.from_row(row) for row in Casebook.load(casebook).tables["scans"].to_pylist()]
    stamp = (casebook / DUPLICATES).read_text().splitlines()[0]
    stated = [Duplicate((records[0].scan, records[1].scan), ("p1", "p2"), "keypoints", True, 0.912)]
    (casebook / DUPLICATES).write_text(f"{stamp}\n{as_csv(stated)}")
    with VectorCache(casebook) as cache:
        assert duplicates_of(casebook, records, cache) == stated  # not searched for: the films are the same
        assert duplicates_of(casebook, records[1:], cache) == []


def test_a_withdrawal_takes_the_list_away(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    assert (tmp_path / "casebook" / DUPLICATES).is_file()
    withdraw(["CANARY7319-3"], tmp_path / "casebook", store)
    assert not (tmp_path / "casebook" / DUPLICATES).exists()
