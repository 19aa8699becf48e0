"""Which films and series of NCCID become scans: from their headers alone, with the reason where they do not."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from scankin.index_build.nccid.headers import Header
from scankin.retrieval.errors import Reason, RefusedScan
from scankin.retrieval.reading.dicom import AXIAL_COSINE, require_image
from scankin.retrieval.reading.view import text_of, view_of
from scankin.retrieval.scan import View

FEWEST_SLICES = 20
"""A series with fewer is a localizer, a bolus track or a reconstruction of a part (NCCID.md 3.4)."""

THIN_MM = 2.0
"""Slices up to this thick count as thin: what radiologists call high resolution is 1 to 1.5 mm."""

_DECUBITUS = re.compile(r"\bDECUB\w*\b")
_SCREEN = re.compile(r"\bSAVED IMAGES?\b|\bSCREEN ?(SAVE|SHOT|CAPTURE)\w*\b")
_LUNG_KERNEL = re.compile(r"\bB[5-8]\d|\bBL\d\d|\bBR[5-8]\d|\bLUNG\b|\bFC(5\d|8\d)\b|\bY[A-C]\b|\bBONE(PLUS)?\b")
"""Sharp kernels by maker: Siemens B50 to B80, Bl and Br, GE LUNG and BONE, Canon FC50s and FC80s, Philips YA to YC."""

LATERAL = (Reason.NOT_FRONTAL, "It is a lateral or decubitus view; frontal films are indexed.")
TOO_OLD = (Reason.IMPLAUSIBLE_DATE, "Its study date is before 2017 or in the future: which day it is of is unknown.")


@dataclass(frozen=True)
class Series:
    """One CT series of a study.

    Attributes:
        name: Folder of the series, its scan's id.
        header: Of its first slice.
        slices: How many there are.
    """

    name: str
    header: Header
    slices: int


def film_refusal(header: Header) -> tuple[Reason, str] | None:
    """Return why a film is not indexed; None when it may be.

    NCCID's X-rays hold abdomens, laterals, decubitus views and screenshots beside frontal chests (NCCID.md 3.3).
    """
    try:
        modality = require_image(header.dataset)
    except RefusedScan as error:
        return error.reason, error.message
    if modality == "CT":
        return Reason.UNSUPPORTED_MODALITY, "It is a CT image among the X-rays."
    text = f"{text_of(header.dataset, 'SeriesDescription')} {text_of(header.dataset, 'ViewPosition')}"
    if _SCREEN.search(text):
        return Reason.DERIVED_IMAGE, "It is a saved screen, not a film."
    if view_of(header.dataset) is View.LATERAL or _DECUBITUS.search(text):
        return LATERAL
    return _date_refusal(header)


def series_refusal(series: Series) -> tuple[Reason, str] | None:
    """Return why a CT series is not indexed, whatever else its study holds; None when it may be."""
    try:
        modality = require_image(series.header.dataset)
    except RefusedScan as error:
        return error.reason, error.message
    kinds = text_of(series.header.dataset, "ImageType").split()
    if modality != "CT":
        found = Reason.UNSUPPORTED_MODALITY, f"It is a {modality} image among the CTs."
    elif "LOCALIZER" in kinds:
        found = Reason.LOCALIZER, "It is a localizer."
    elif "DERIVED" in kinds and "SECONDARY" in kinds:
        found = Reason.DERIVED_IMAGE, "It is derived from other series."
    elif not _is_axial(series.header):
        found = Reason.NOT_AXIAL, "Its slices are not axial."
    elif series.slices < FEWEST_SLICES:
        found = too_few(series.slices)
    else:
        return _date_refusal(series.header)
    return found


def too_few(slices: int) -> tuple[Reason, str]:
    """Return the refusal of a series with too few slices."""
    return Reason.TOO_FEW_SLICES, f"It has {slices} slices; {FEWEST_SLICES} are needed."


def chosen(series: Iterable[Series]) -> Series:
    """Return the one series that stands for a study: thin before thick, lung kernel before others, then most slices."""
    return min(series, key=_rank)


def _rank(series: Series) -> tuple[bool, bool, float, int, str]:
    thickness = _thickness_mm(series.header)
    kernel = (
        f"{text_of(series.header.dataset, 'ConvolutionKernel')} {text_of(series.header.dataset, 'SeriesDescription')}"
    )
    return thickness > THIN_MM, not _LUNG_KERNEL.search(kernel), thickness, -series.slices, series.name


def _thickness_mm(header: Header) -> float:
    try:
        return float(header.dataset.get("SliceThickness") or "inf")
    except ValueError:
        return float("inf")


def _is_axial(header: Header) -> bool:
    """Return whether the slices' normal is the body's axis; where no orientation is stated, reading will tell."""
    stated = header.dataset.get("ImageOrientationPatient")
    try:
        cosines = [float(value) for value in stated or ()]
    except (TypeError, ValueError):
        return True
    if len(cosines) != 6:
        return True
    return abs(cosines[0] * cosines[4] - cosines[1] * cosines[3]) >= AXIAL_COSINE


def _date_refusal(header: Header) -> tuple[Reason, str] | None:
    if header.day is None and header.refused_dates:
        return TOO_OLD
    return None
