"""The metadata JSON that lies beside every image: a DICOM header without pixels, and with two losses."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from scankin.index_build.nccid.dates import EPOCH
from scankin.retrieval.reading.facts import Facts, facts_of

EARLIEST = date(2017, 1, 1)
"""The collection reaches three years back from the first COVID-19 study; an older study date is a slip."""

EARLIEST_DAY = (EARLIEST - EPOCH).days

_TRUE_DATES = ("00080020", "00080022")
"""StudyDate and AcquisitionDate: every other date of a header is offset (NCCID FAQ)."""

_NEEDED = (
    "00080008",  # ImageType
    "00080060",  # Modality
    "00080070",  # Manufacturer
    "00081030",  # StudyDescription
    "0008103E",  # SeriesDescription
    "00081090",  # ManufacturerModelName
    "00100020",  # PatientID
    "00100030",  # PatientBirthDate
    "00100040",  # PatientSex
    "00101010",  # PatientAge
    "00102201",  # PatientSpeciesDescription
    "00180015",  # BodyPartExamined
    "00180050",  # SliceThickness
    "00181030",  # ProtocolName
    "00181210",  # ConvolutionKernel
    "00181400",  # AcquisitionDeviceProcessingDescription
    "00185101",  # ViewPosition
    "0020000D",  # StudyInstanceUID
    "0020000E",  # SeriesInstanceUID
    "00200037",  # ImageOrientationPatient
    "00280002",  # SamplesPerPixel
    "00280004",  # PhotometricInterpretation
    "00280008",  # NumberOfFrames
    *_TRUE_DATES,
)


@dataclass(frozen=True, eq=False)
class Header:
    """One image's header as far as importing needs it.

    Attributes:
        dataset: Those elements.
        facts: Sex, age and ids.
        day: Days since 1970-01-01 of the study; None where neither true date can be used.
        refused_dates: Whether a true date is stated that cannot be: before 2017, or in the future.
    """

    dataset: Dataset
    facts: Facts
    day: int | None
    refused_dates: bool

    @property
    def device(self) -> str | None:
        """Maker and model, None when neither is stated."""
        parts = (str(self.dataset.get(name) or "").strip() for name in ("Manufacturer", "ManufacturerModelName"))
        return " ".join(part for part in parts if part) or None


def header_of(data: bytes) -> Header | None:
    """Return the header of a metadata file; None when it is not DICOM JSON.

    The warehouse nulls every ``InlineBinary`` and the VOI LUT Sequence: neither is needed here.
    """
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(raw, dict):
        return None
    dataset = Dataset()
    for tag in _NEEDED:
        _add(dataset, tag, raw.get(tag))
    facts = facts_of(dataset)
    stated = [_stated(raw.get(tag)) for tag in _TRUE_DATES]
    days = [_day(text) for text in stated if text]
    usable = [day for day in days if day is not None]
    return Header(dataset, facts, usable[0] if usable else None, refused_dates=len(usable) < len(days))


def _add(dataset: Dataset, tag: str, element: object) -> None:
    if not isinstance(element, dict) or not isinstance(element.get("Value"), list) or not element["Value"]:
        return
    values: list[Any] = [value for value in element["Value"] if isinstance(value, str | int | float)]
    if not values:
        return
    vr = str(element.get("vr") or "LO")
    try:
        dataset.add(
            DataElement(int(tag, 16), vr, values if len(values) > 1 else values[0], validation_mode=config.IGNORE)
        )
    except (ValueError, TypeError, OverflowError):
        return  # an element that its own kind cannot hold states nothing


def _stated(element: object) -> str:
    values = element.get("Value") if isinstance(element, dict) else None
    return str(values[0]).strip() if isinstance(values, list) and values else ""


def _day(text: str) -> int | None:
    """Return days since 1970-01-01 of a DA value that can be a study's day; a day of grace for time zones."""
    try:
        found = date.fromisoformat(text.replace(".", "-")) if len(text) in (8, 10) else None
    except ValueError:
        return None
    if found is None or not EARLIEST <= found <= date.today() + timedelta(days=1):
        return None
    return (found - EPOCH).days
