"""Constructed films and CT slices as DICOM files, in the ways NCCID's own files vary."""

import io
from datetime import date, timedelta

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
)

from scankin.index_build.cohort.film import Floats
from scankin.index_build.cohort.patients import Film, Patient

UID_ROOT = "1.2.826.0.1.3680043.9.3218.1.1"
"""Under which NCCID's remapped UIDs lie."""

COMMENT = "CONSTRUCTED, NOT A REAL PATIENT"


class UidCounter:
    """UIDs of one patient in NCCID's grammar: root, two numbers, a time stamp, a counter, 0."""

    def __init__(self, number: int) -> None:
        self._stem = f"{UID_ROOT}.{300000 + number}.{1000 + number % 9000}.{1586418000000 + number}"
        self._count = 0

    def next(self) -> str:
        """Return the next UID."""
        self._count += 1
        return f"{self._stem}.{self._count}.0"


def film_dataset(
    patient: Patient, film: Film, picture: Floats, uids: tuple[str, str, str], rng: np.random.Generator
) -> FileDataset:
    """Return a film as CR or DX: 8 to 15 bits, MONOCHROME1 in some, a window in some, odd texts for the view."""
    is_dx = bool(rng.random() < 0.6)
    bits = int(rng.choice([8, 10, 12, 14, 15], p=[0.2, 0.2, 0.3, 0.2, 0.1]))
    is_inverted = bool(rng.random() < 0.15)
    dataset = _dataset(
        patient,
        film.day,
        uids,
        DigitalXRayImageStorageForPresentation if is_dx else ComputedRadiographyImageStorage,
        rng,
    )
    dataset.Modality = "DX" if is_dx else "CR"
    dataset.BodyPartExamined = "CHEST"
    view = "AP" if film.is_ap else "PA"
    texts = {"AP": ["Chest AP", "X Chest AP", "Mobile AP", "AP NG"], "PA": ["Chest PA", "W Chest PA", "PA NO GRID"]}
    dataset.SeriesDescription = str(rng.choice(texts[view]))
    if rng.random() < 0.7:
        dataset.ViewPosition = view
    top = 2**bits - 1
    shown = 1 - picture if is_inverted else picture
    values = np.round(shown * top * 0.92 + 0.04 * top).astype(np.uint8 if bits == 8 else np.uint16)
    if rng.random() < 0.5:
        dataset.WindowCenter, dataset.WindowWidth = str(top // 2), str(top)
    _set_pixels(dataset, values, bits, "MONOCHROME1" if is_inverted else "MONOCHROME2")
    return dataset


def slice_dataset(
    patient: Patient,
    day: date,
    hounsfield: NDArray[np.int16],
    place: tuple[int, float],
    uids: tuple[str, str, str],
    rng: np.random.Generator,
) -> FileDataset:
    """Return one axial CT slice in HU; ``place`` is its number and its position in mm towards the head."""
    dataset = _dataset(patient, day, uids, CTImageStorage, rng)
    dataset.Modality = "CT"
    dataset.BodyPartExamined = "CHEST"
    dataset.SeriesDescription = "Chest 5.0 B70f"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.InstanceNumber = str(place[0])
    dataset.ImagePositionPatient = ["-180", "-180", f"{place[1]:.1f}"]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.PixelSpacing = ["2.8", "2.8"]
    dataset.SliceThickness = "5"
    dataset.RescaleIntercept, dataset.RescaleSlope = "-1024", "1"
    _set_pixels(dataset, (hounsfield + 1024).astype(np.uint16), 12, "MONOCHROME2")
    return dataset


def to_bytes(dataset: FileDataset) -> bytes:
    """Return a data set as a DICOM file (PS3.10)."""
    sink = io.BytesIO()
    pydicom.dcmwrite(sink, dataset, enforce_file_format=True)
    return sink.getvalue()


def _dataset(
    patient: Patient, day: date, uids: tuple[str, str, str], sop_class: str, rng: np.random.Generator
) -> FileDataset:
    study, series, instance = uids
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(sop_class), UID(instance)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\x00" * 128)
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, instance
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.StudyDate = f"{day:%Y%m%d}"
    # Only study and acquisition dates are true in NCCID; every other date is offset.
    dataset.SeriesDate = dataset.ContentDate = f"{day - timedelta(days=431):%Y%m%d}"
    dataset.StudyTime = "000000"
    if rng.random() < 0.8:
        dataset.AcquisitionDate = dataset.StudyDate
    dataset.AccessionNumber, dataset.ReferringPhysicianName, dataset.StudyID = "", "", ""
    dataset.Manufacturer = "Constructed"
    dataset.PatientName, dataset.PatientID = patient.pseudonym, patient.pseudonym
    dataset.PatientBirthDate = f"{day.year - patient.age_years}0101"
    dataset.PatientSex = "" if rng.random() < 0.05 else "F" if patient.is_female else "M"
    if rng.random() < 0.85:
        dataset.PatientAge = f"{patient.age_years:03d}Y"
    dataset.SeriesNumber, dataset.InstanceNumber = "1", "1"
    dataset.ImageComments = COMMENT
    return dataset


def _set_pixels(dataset: FileDataset, values: NDArray[np.uint8 | np.uint16], bits: int, photometric: str) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = photometric
    dataset.Rows, dataset.Columns = values.shape
    dataset.BitsAllocated = 8 * values.dtype.itemsize
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits - 1, 0
    dataset.PixelData = np.ascontiguousarray(values).tobytes()
