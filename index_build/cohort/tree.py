"""Writes the constructed cohort as a tree in NCCID's current layout."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import FileDataset

from scankin.index_build.cohort.clinical import clinical_file
from scankin.index_build.cohort.files import UidCounter, film_dataset, slice_dataset, to_bytes
from scankin.index_build.cohort.film import Disease, draw_film
from scankin.index_build.cohort.patients import Patient, patient_of
from scankin.index_build.cohort.volume import SLICES, draw_volume
from scankin.retrieval.errors import CasebookError

VOI_LUT_SEQUENCE = "00283010"
FIRST_NUMBER = 1
HELD_OUT_NUMBER = 999_999
SLICE_STEP_MM = 12.0


@dataclass(frozen=True)
class ConstructAccount:
    """What was written.

    Attributes:
        patients: All of them; a few have no images.
        films: X-ray films.
        series: CT series.
    """

    patients: int
    films: int
    series: int


@dataclass(frozen=True)
class HeldOut:
    """A film of a patient who is in no cohort.

    Attributes:
        path: The DICOM file.
        severity: The latent severity, 0 to 1, that the film was drawn with.
        died: Whether this invented patient dies.
    """

    path: Path
    severity: float
    died: bool


def write_tree(
    into: Path, *, patients: int, seed: int, centres: int, progress: Callable[[int, int], None]
) -> ConstructAccount:
    """Write the cohort beside ``into`` and rename it into place, so that an interrupt leaves nothing half done."""
    if into.exists() and any(into.iterdir()):
        raise CasebookError(f"{into.name} is not empty. Name a new folder, or remove it first.")
    unfinished = into.with_name(f".{into.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    films = series = 0
    try:
        for index in range(patients):
            number = FIRST_NUMBER + index
            written = _write_patient(unfinished / "training", number, _generator(seed, number), centres)
            films, series = films + written[0], series + written[1]
            progress(index + 1, patients)
        if into.exists():
            into.rmdir()
        into.parent.mkdir(parents=True, exist_ok=True)
        unfinished.rename(into)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return ConstructAccount(patients, films, series)


def write_held_out(into: Path, *, seed: int) -> HeldOut:
    """Write the first film of a positive patient whose number no cohort reaches."""
    number = HELD_OUT_NUMBER
    while True:
        rng = _generator(seed, number)
        patient = patient_of(number, rng, centres=1)
        if patient.is_positive and patient.films and patient.severity > 0.5:
            break
        number += 1
    uids = UidCounter(number)
    dataset = _film(patient, 0, (uids.next(), uids.next(), uids.next()), rng)
    into.mkdir(parents=True, exist_ok=True)
    path = into / "new-patient.dcm"
    path.write_bytes(to_bytes(dataset))
    return HeldOut(path, patient.films[0].severity, patient.died is not None)


def _generator(seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def _write_patient(root: Path, number: int, rng: np.random.Generator, centres: int) -> tuple[int, int]:
    patient = patient_of(number, rng, centres)
    name, record = clinical_file(patient, rng)
    _write(root / "data" / patient.pseudonym / name, json.dumps(record, indent=1).encode())
    uids = UidCounter(number)
    for index in range(len(patient.films)):
        _write_image(root, "xray", _film(patient, index, (uids.next(), uids.next(), uids.next()), rng))
    has_ct = patient.has_ct and bool(patient.films)
    if has_ct:
        day, severity = patient.films[0].day, patient.severity if patient.is_positive else 0.0
        study, series = uids.next(), uids.next()
        for index, image in enumerate(draw_volume(severity, rng)):
            place = SLICES - index, index * SLICE_STEP_MM
            dataset = slice_dataset(patient, day, image, place, (study, series, uids.next()), rng)
            _write_image(root, "ct", dataset, with_metadata=index == 0)
    return len(patient.films), int(has_ct)


def _film(patient: Patient, index: int, uids: tuple[str, str, str], rng: np.random.Generator) -> FileDataset:
    film = patient.films[index]
    picture, _ = draw_film(patient.chest, Disease(film.kind, film.severity), rng, is_ap=film.is_ap)
    return film_dataset(patient, film, picture, uids, rng)


def _write_image(root: Path, kind: str, dataset: FileDataset, *, with_metadata: bool = True) -> None:
    place = Path(dataset.PatientID, dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID)
    _write(root / kind / f"{place}.dcm", to_bytes(dataset))
    if with_metadata:
        _write(root / f"{kind}-metadata" / f"{place}.json", json.dumps(_metadata(dataset)).encode())


def _metadata(dataset: FileDataset) -> dict[str, Any]:
    """Return the header as NCCID's warehouse writes it: up to the pixels, binary values and VOI LUTs as null."""
    header: dict[str, Any] = json.loads(dataset.to_json(bulk_data_threshold=0, bulk_data_element_handler=lambda _: ""))
    kept = {tag: element for tag, element in header.items() if tag < "7FE00010"}
    for tag, element in kept.items():
        if "InlineBinary" in element or "BulkDataURI" in element:
            kept[tag] = {"vr": element["vr"], "InlineBinary": None}
    return kept | ({VOI_LUT_SEQUENCE: None} if VOI_LUT_SEQUENCE in kept else {})


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
