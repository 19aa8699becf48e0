"""Writes constructed patients as a tree in NCCID's current layout."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset

from scankin.index_build.construct.centres import Centres
from scankin.index_build.construct.clinical import clinical_files
from scankin.index_build.construct.devices import Devices
from scankin.index_build.construct.dicom_files import film_dataset, localizer_dataset, slice_dataset
from scankin.index_build.construct.film import Film, draw_film
from scankin.index_build.construct.headers import UidCounter, to_bytes, to_metadata
from scankin.index_build.construct.patients import FIRST_NUMBER, Patient, generator, patient_of
from scankin.index_build.construct.pose import pose_of
from scankin.index_build.construct.studies import Study
from scankin.index_build.construct.volume import draw_volume


@dataclass(frozen=True)
class PatientJob:
    """One patient to write, whole and alone: what another process needs to know.

    Attributes:
        root: The ``training`` folder.
        seed: Of the cohort.
        index: Place in the cohort, from 0: with the seed it decides everything about the patient.
        centres: Who may send the patient in.
    """

    root: Path
    seed: int
    index: int
    centres: Centres


def cohort_patient(seed: int, index: int, centres: Centres) -> tuple[Patient, np.random.Generator]:
    """Return patient ``index`` of a cohort, the same however many there are, and the rest of their chance."""
    rng = generator(seed, index)
    return patient_of(rng, FIRST_NUMBER + index, centres), rng


def write_patient(job: PatientJob) -> Counter[str]:
    """Write one patient's clinical files, films and CTs, and return what was written, by kind."""
    patient, rng = cohort_patient(job.seed, job.index, job.centres)
    written = Counter(patients=1, positives=int(patient.is_positive), without_images=int(not patient.studies))
    if patient.course is not None:
        written.update(deaths=int(patient.course.died is not None), itu=int(patient.course.itu is not None))
    for file in clinical_files(rng, patient):
        _write(job.root / "data" / patient.pseudonym / file.name, json.dumps(file.record, indent=1).encode())
        written["files"] += 1
    uids = UidCounter(patient, int(rng.integers(2**31)))
    for study in patient.studies:
        folder = "ct" if study.is_ct else "xray"
        images = _ct_images(patient, study, uids) if study.is_ct else [film_image(rng, patient, study, uids)]
        for image in images:
            _write_image(job.root, folder, image)
            written["files"] += 2
        written["series" if study.is_ct else "films"] += 1
    return written


def picture_of(patient: Patient, study: Study) -> Film:
    """Return the film of a study, drawn from its own seed: asked again, it is the same."""
    rng = np.random.default_rng([study.seed, 0])
    room = patient.centre.mobile if study.is_ap else patient.centre.fixed
    pose = pose_of(rng, patient.chest, is_ap=study.is_ap, severity=study.severity)
    rows = round(room.rows * min(pose.field_cm[1] / pose.field_cm[0], 1.0))
    return draw_film(patient.chest, patient.disease_at(study), pose, study.devices, rows=rows, seed=study.seed)


def film_image(rng: np.random.Generator, patient: Patient, study: Study, uids: UidCounter) -> FileDataset:
    """Return the film of a study as DICOM, a study and a series of its own."""
    return film_dataset(rng, patient, study, picture_of(patient, study), (uids.next(), uids.next(), uids.next()))


def _ct_images(patient: Patient, study: Study, uids: UidCounter) -> Iterator[FileDataset]:
    """Yield the localizer, then the slices of the axial series: two series of one study."""
    disease = patient.disease_at(study)
    study_uid, frame = uids.next(), uids.next()
    pose = pose_of(np.random.default_rng([study.seed, 0]), patient.chest, is_ap=False, severity=study.severity)
    scout = draw_film(patient.chest, disease, pose, Devices(), rows=256, seed=study.seed)
    yield localizer_dataset(patient, study, scout, frame, (study_uid, uids.next(), uids.next()))
    volume = draw_volume(patient.chest, disease, seed=study.seed)
    series_uid = uids.next()
    for index in range(len(volume.hounsfield)):
        yield slice_dataset(patient, study, volume, index, frame, (study_uid, series_uid, uids.next()))


def _write_image(root: Path, folder: str, image: FileDataset) -> None:
    place = Path(str(image.PatientID), image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID)
    _write(root / folder / f"{place}.dcm", to_bytes(image))
    _write(root / f"{folder}-metadata" / f"{place}.json", json.dumps(to_metadata(image)).encode())


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
