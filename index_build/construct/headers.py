"""What every constructed DICOM file carries: identity, dates, UIDs as NCCID leaves them; and its metadata JSON."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from scankin.index_build.construct.patients import Patient
from scankin.index_build.construct.studies import Study

UID_ROOT = "1.2.826.0.1.3680043.9.3218.1.1"
"""Under which NCCID's remapped UIDs lie."""

COMMENT = "CONSTRUCTED, NOT A REAL PATIENT"

PRIVATE_CREATOR = "CONSTRUCTED"
"""A private element of unknown kind stands in every film: real ones lose its bytes in their metadata."""

_NULLED_TAG = "00283010"  # VOI LUT Sequence


class UidCounter:
    """UIDs of one patient in NCCID's grammar: root, two numbers, 13 digits of milliseconds, a counter, 0."""

    def __init__(self, patient: Patient, salt: int) -> None:
        # The time is that of the upload, not of the scan (NCCID.md 3.2), here some weeks after the swab.
        uploaded = datetime(patient.swab.year, patient.swab.month, patient.swab.day, tzinfo=UTC) + timedelta(days=60)
        milliseconds = int(uploaded.timestamp()) * 1000 + salt % 86_400_000
        self._stem = f"{UID_ROOT}.{patient.number}.{1000 + salt % 9000}.{milliseconds}"
        self._count = 0

    def next(self) -> UID:
        """Return the next UID."""
        self._count += 1
        return UID(f"{self._stem}.{self._count}.0")


def a_dataset(patient: Patient, study: Study, sop_class: UID, uids: tuple[UID, UID, UID]) -> FileDataset:
    """Return a data set with the patient, study, series and instance of ``uids`` = (study, series, instance).

    Study and acquisition dates are true, all others are off by the patient's offset; the birth date keeps its year;
    name and ID are the pseudonym; what NCCID empties is empty.
    """
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, uids[2]
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=b"\x00" * 128)
    made.SpecificCharacterSet = "ISO_IR 100"
    made.SOPClassUID, made.SOPInstanceUID = sop_class, uids[2]
    made.StudyInstanceUID, made.SeriesInstanceUID = uids[0], uids[1]
    made.StudyDate = made.AcquisitionDate = f"{study.day:%Y%m%d}"
    made.SeriesDate = made.ContentDate = f"{study.day - timedelta(days=patient.offset_days):%Y%m%d}"
    made.StudyTime = made.SeriesTime = made.ContentTime = made.AcquisitionTime = "000000"
    made.AccessionNumber = made.ReferringPhysicianName = made.StudyID = ""
    made.PatientName = made.PatientID = patient.pseudonym
    made.PatientBirthDate = f"{patient.born}0101"
    made.PatientSex = "F" if patient.is_female else "M"
    made.PatientAge = f"{patient.age(study.day):03d}Y"
    made.BodyPartExamined = "CHEST"
    made.InstanceNumber = made.SeriesNumber = 1
    made.ImageComments = COMMENT
    private = made.private_block(0x0009, PRIVATE_CREATOR, create=True)
    private.add_new(0x10, "UN", b"constructed ")
    return made


def to_bytes(dataset: Dataset) -> bytes:
    """Return the data set as a DICOM file (PS3.10)."""
    sink = io.BytesIO()
    dcmwrite(sink, dataset, enforce_file_format=True)
    return sink.getvalue()


def to_metadata(dataset: Dataset) -> dict[str, Any]:
    """Return the header as NCCID's warehouse writes it beside the file: DICOM JSON up to the pixel data.

    Two things are lost, as there (NCCID.md 3.1): every ``InlineBinary`` is null, and so is every VOI LUT Sequence.
    """
    header = Dataset({element.tag: element for element in dataset if element.tag < 0x7FE00010})
    nulled = _nulled(header.to_json_dict())
    return {tag: nulled[tag] for tag in sorted(nulled)}


def _nulled(level: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for tag, element in level.items():
        if tag == _NULLED_TAG:
            kept[tag] = None
        elif "InlineBinary" in element:
            kept[tag] = element | {"InlineBinary": None}
        elif element["vr"] == "SQ":
            kept[tag] = element | {"Value": [_nulled(item) for item in element.get("Value", [])]}
        else:
            kept[tag] = element
    return kept
