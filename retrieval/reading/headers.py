"""The header fields by which files are grouped to scans, read without decoding pixels."""

from dataclasses import dataclass, field
from pathlib import Path

from scankin.retrieval.reading.content import ZIP, kind_of, read_file
from scankin.retrieval.reading.dataset import parse
from scankin.retrieval.reading.dicom import require_image
from scankin.retrieval.reading.facts import study_date_of
from scankin.retrieval.reading.limits import Limits


@dataclass(frozen=True)
class Header:
    """What grouping needs of one file.

    Attributes:
        modality: "CR", "DX" or "CT"; "zip" for an archive, which holds one scan.
        patient_id, study_uid, series_uid, sop_uid: As recorded; empty when absent. Never shown.
        study_date: Of the study or the acquisition, ISO 8601; empty when absent or implausible.
    """

    modality: str
    patient_id: str = field(default="", repr=False)
    study_uid: str = field(default="", repr=False)
    series_uid: str = field(default="", repr=False)
    sop_uid: str = field(default="", repr=False)
    study_date: str = ""


def header_of(path: str, limits: Limits) -> Header:
    """Return the header of a file.

    Raises:
        RefusedScan: It is not an image that may become a scan.
        FailedScan: It cannot be read.
    """
    data = read_file(Path(path), limits)
    if kind_of(data) == ZIP:
        return Header("zip")
    dataset = parse(data, limits, headers_only=True)
    modality = require_image(dataset)

    def text(keyword: str) -> str:
        return str(dataset.get(keyword) or "").strip()

    day = study_date_of(dataset)
    return Header(
        modality,
        text("PatientID"),
        text("StudyInstanceUID"),
        text("SeriesInstanceUID"),
        text("SOPInstanceUID"),
        day.isoformat() if day else "",
    )
