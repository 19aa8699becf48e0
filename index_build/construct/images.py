"""The images of one study as they lie in the tree: the chest film or CT, and what else such studies hold."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

import numpy as np
from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import FileDataset

from scankin.index_build.construct.devices import Devices
from scankin.index_build.construct.dicom_files import film_dataset, localizer_dataset, slice_dataset
from scankin.index_build.construct.film import Film, draw_film
from scankin.index_build.construct.headers import UidCounter
from scankin.index_build.construct.other_films import abdomen_of, lateral_of, marked
from scankin.index_build.construct.patients import Patient
from scankin.index_build.construct.pose import pose_of
from scankin.index_build.construct.studies import Study
from scankin.index_build.construct.volume import Volume, draw_volume

METADATA_SLICES = 26
"""Slices of a series of which only metadata is written: enough to be a series, and no more files than needed."""

LOST_SHARE, LOST_FROM, LOST = 0.05, 11, 2
"""Thin series in twenty lack slices in the middle."""

THICK_STEP = 2
"""A thick slice has half as many rows and columns as a thin one."""


@dataclass
class Image:
    """One image to write.

    Attributes:
        dataset: Header, and pixels where they were asked for.
        folder: Of its modality.
        becomes: What a perfect importer makes of the film, or of the series that it is part of.
        is_series: Part of a CT series.
        has_pixels, has_metadata: What of it is written.
        has_marker: Carries the planted marker.
        contradictions: Of the scan, by kind.
        sex_known: The header tells the sex.
        name_in_path: Pseudonym in the path, where the header names another or its capitals drifted.
    """

    dataset: FileDataset
    folder: str
    becomes: str = "scan"
    is_series: bool = False
    has_pixels: bool = True
    has_metadata: bool = True
    has_marker: bool = False
    contradictions: list[str] = field(default_factory=list)
    sex_known: bool = True
    name_in_path: str | None = None

    @property
    def path(self) -> PurePosixPath:
        """Its file without ending, below the modality's folder."""
        name = self.name_in_path or str(self.dataset.PatientID)
        data = self.dataset
        return PurePosixPath(name, data.StudyInstanceUID, data.SeriesInstanceUID, data.SOPInstanceUID)


def picture_of(patient: Patient, study: Study, *, is_drawn: bool = True) -> Film:
    """Return the film of a study, drawn from its own seed: asked again, it is the same."""
    rng = np.random.default_rng([study.seed, 0])
    room = patient.centre.mobile if study.is_ap else patient.centre.fixed
    pose = pose_of(rng, patient.chest, is_ap=study.is_ap, severity=study.severity)
    rows = round(room.rows * min(pose.field_cm[1] / pose.field_cm[0], 1.0))
    if not is_drawn:
        return _undrawn(rows)
    return draw_film(patient.chest, patient.disease_at(study), pose, study.devices, rows=rows, seed=study.seed)


def film_image(rng: np.random.Generator, patient: Patient, study: Study, uids: UidCounter) -> FileDataset:
    """Return the film of a study as DICOM, a study and a series of its own."""
    return film_dataset(rng, patient, study, picture_of(patient, study), (uids.next(), uids.next(), uids.next()))


def film_images(
    rng: np.random.Generator,
    patient: Patient,
    study: Study,
    uids: UidCounter,
    *,
    marker: int | None,
    is_drawn: bool,
) -> Iterator[Image]:
    """Yield the chest film of a study, then what else was taken or stored with it.

    Args:
        rng: Of everything but the chest film's own picture.
        patient: Whose.
        study: Which.
        uids: Of the patient.
        marker: Number of the centre whose marker the film carries; None: no marker.
        is_drawn: False: headers only, the pixels stay empty.
    """
    film = picture_of(patient, study, is_drawn=is_drawn)
    shown = film if marker is None or not is_drawn else marked(film, marker)
    study_uid = uids.next()

    def taken(of: Film, text: str | None = None, view: str | None = None) -> Image:
        dataset = film_dataset(rng, patient, study, of, (study_uid, uids.next(), uids.next()))
        if text is not None:
            dataset.SeriesDescription, dataset.ViewPosition = text, view
        return Image(dataset, "xray", has_marker=of is not film and of is shown)

    chest = taken(shown)
    _odd_words(rng, chest, study)
    _mishap(rng, chest)
    yield chest
    if not study.is_ap and rng.random() < 0.10:
        side = lateral_of(draw_volume(patient.chest, patient.disease_at(study), seed=study.seed), rows=384)
        text = str(rng.choice(["Chest LAT", "Lateral L", "LATERAL", "Lateral Decub"]))
        yield replace(taken(side if is_drawn else _undrawn(384), text, "LL"), becomes="not_frontal")
    if rng.random() < 0.03:
        belly = abdomen_of(patient.chest, rows=400, seed=study.seed) if is_drawn else _undrawn(400)
        image = taken(belly, str(rng.choice(["Abdomen, AP", "ADDOMEN, AP", "RENAL", "Trolley Abdomen"])), "AP")
        image.dataset.BodyPartExamined = "ABDOMEN"
        yield replace(image, becomes="not_a_chest")
    if study.is_ap and rng.random() < 0.04:
        again = replace(film, pixels=np.clip(film.pixels * 1.06 - 0.02, 0, 1)) if is_drawn else film
        yield taken(again, "Virtual Grid AP", "AP")
    if rng.random() < 0.01:
        yield replace(taken(film, "SAVED IMAGES", None), becomes="derived_image")


def ct_images(patient: Patient, study: Study, uids: UidCounter, *, is_drawn: bool) -> Iterator[Image]:
    """Yield all images of a CT study: localizer, thin axial series, thick axial series, coronal reconstructions."""
    disease = patient.disease_at(study)
    study_uid, frame = uids.next(), uids.next()
    rng = np.random.default_rng([study.seed, 0])
    pose = pose_of(rng, patient.chest, is_ap=False, severity=study.severity)
    scout = draw_film(patient.chest, disease, pose, Devices(), rows=256, seed=study.seed) if is_drawn else _undrawn(256)
    yield Image(
        localizer_dataset(patient, study, scout, frame, (study_uid, uids.next(), uids.next())),
        "ct",
        becomes="localizer",
        is_series=True,
    )
    volume = draw_volume(patient.chest, disease, seed=study.seed) if is_drawn else _empty_volume()
    thin, thick, coronal = uids.next(), uids.next(), uids.next()
    lost = range(LOST_FROM, LOST_FROM + LOST) if rng.random() < LOST_SHARE else range(0)
    for index in range(len(volume.hounsfield)):
        made = slice_dataset(patient, study, volume, index, frame, (study_uid, thin, uids.next()))
        if index not in lost:
            yield Image(made, "ct", becomes="uneven_spacing" if lost else "scan", is_series=True)
    coarse = _thick(volume)
    for index in range(len(coarse.hounsfield)):
        made = slice_dataset(patient, study, coarse, index, frame, (study_uid, thick, uids.next()))
        made.SliceThickness, made.ConvolutionKernel = "5.0", "B31f"
        made.SeriesDescription, made.SeriesNumber = "Chest 5.0 B31f", 3
        yield Image(made, "ct", becomes="other_series", is_series=True)
    if rng.random() < 0.3:
        for index in range(3):
            made = slice_dataset(patient, study, coarse, index, frame, (study_uid, coronal, uids.next()))
            made.ImageType = ["DERIVED", "SECONDARY", "MPR"]
            made.ImageOrientationPatient = ["1", "0", "0", "0", "0", "-1"]
            made.SeriesDescription, made.SeriesNumber = "Cor MPR", 4
            yield Image(made, "ct", becomes="derived_image", is_series=True)


def _odd_words(rng: np.random.Generator, image: Image, study: Study) -> None:
    """Leave gaps and write what sites write (NCCID.md 3.2, 3.3)."""
    data = image.dataset
    if rng.random() < 0.15:
        del data.AcquisitionDate
    if rng.random() < 0.10:
        data.SeriesDescription = ""
        data.ViewPosition = "CHEST AP" if study.is_ap else "CHEST PA"
    way = rng.random()
    if way < 0.10:
        data.PatientAge = ""
    elif way < 0.15:
        unitless = str(data.PatientAge).lstrip("0").removesuffix("Y")
        data["PatientAge"] = DataElement("PatientAge", "AS", unitless, validation_mode=config.IGNORE)
    if rng.random() < 0.08:
        data.PatientSex = ""
        image.sex_known = False
    elif rng.random() < 0.005:
        data.PatientSex = "F" if data.PatientSex == "M" else "M"
        image.contradictions.append("sex_differs")


def _mishap(rng: np.random.Generator, image: Image) -> None:
    """Let one film in thirty be of a kind that an importer must notice."""
    data, way = image.dataset, rng.random()
    if way < 0.006:
        data.StudyDate = "20450916"
        if "AcquisitionDate" in data:
            del data.AcquisitionDate
        image.becomes = "implausible_date"
    elif way < 0.012 and "AcquisitionDate" in data:
        data.StudyDate = "19010101"
        image.contradictions.append("study_date")
    elif way < 0.017:
        image.name_in_path = str(data.PatientID)
        data.PatientID = data.PatientName = f"{data.PatientID}9"
        image.becomes = "header_mismatch"
    elif way < 0.024:
        image.has_pixels = False
        image.becomes = "missing_file"
    elif way < 0.031 and not image.contradictions:
        image.has_metadata = False
    elif way < 0.036:
        image.name_in_path = str(data.PatientID).upper()


def _undrawn(rows: int) -> Film:
    return Film(np.zeros((rows, rows), np.float32), np.zeros((rows, rows), bool), 40 / rows)


def _empty_volume() -> Volume:
    shape = (METADATA_SLICES, 256, 256)
    heights = np.arange(METADATA_SLICES, dtype=np.float64)
    return Volume(np.zeros(shape, np.int16), np.zeros(shape, bool), heights, 0.15, -19.2)


def _thick(volume: Volume) -> Volume:
    """Return a soft reconstruction: neighbouring slices averaged, half as many pixels along each side."""
    values = volume.hounsfield.astype(np.float32)
    padded = np.pad(values, ((1, 1), (0, 0), (0, 0)), mode="edge")
    mean = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    count, high, wide = mean.shape
    coarse = mean.reshape(count, high // THICK_STEP, THICK_STEP, wide // THICK_STEP, THICK_STEP).mean(axis=(2, 4))
    lungs = volume.lungs[:, ::THICK_STEP, ::THICK_STEP]
    return Volume(
        np.round(coarse).astype(np.int16), lungs, volume.height_cm, THICK_STEP * volume.pixel_cm, volume.left_cm
    )
