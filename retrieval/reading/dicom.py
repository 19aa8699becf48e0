"""From data sets to scans: a film, or the slices of a CT series."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from scankin.retrieval.errors import FailedScan, Reason, RefusedScan
from scankin.retrieval.reading.decoders import decode
from scankin.retrieval.reading.facts import facts_of
from scankin.retrieval.reading.limits import Limits
from scankin.retrieval.reading.pixels import (
    display_transform,
    is_inverted,
    modality_values,
    padding_mask,
    without_padding,
)
from scankin.retrieval.reading.view import require_chest, text_of, view_of
from scankin.retrieval.scan import Modality, Scan, View

FILM_MODALITIES = frozenset({"CR", "DX"})

LUNG_SPAN = (0.15, 0.85)
"""Where slices are picked, as shares of the series from feet to head: chest series begin in the upper abdomen and end
above the apices."""

WIDEST_GAP = 1.5
"""Medians: scanners round positions to a tenth of a millimetre or so, a missing slice doubles a gap."""

AXIAL_COSINE = 0.9
"""A slice normal this close to the body axis counts as axial: gantry tilt reaches 25 degrees (cosine 0.906)."""


@dataclass(frozen=True, eq=False)
class SliceHeader:
    """One slice of a series before its pixels are decoded.

    Attributes:
        dataset: Its header.
        position_mm: Along the slice normal, towards the head; None when the header has no position.
        number: InstanceNumber; None when absent.
        open: Returns the data set with pixels.
    """

    dataset: Dataset
    position_mm: float | None
    number: int | None
    open: Callable[[], Dataset]


def require_image(dataset: Dataset) -> str:
    """Return the modality of a data set that may become a scan: "CR", "DX" or "CT".

    Raises:
        RefusedScan: Another modality, no pixels, several frames, colour, an animal, or another part of the body.
    """
    modality = text_of(dataset, "Modality")
    if modality not in FILM_MODALITIES | {"CT"}:
        shown = modality or "not stated"
        raise RefusedScan(Reason.UNSUPPORTED_MODALITY, f"Modality is {shown}; CR, DX and CT are read.")
    frames = dataset.get("NumberOfFrames")
    if frames not in (None, "", 1) and str(frames).strip() != "1":
        raise RefusedScan(Reason.MULTI_FRAME, f"The image has {frames} frames; single-frame images are read.")
    photometric = text_of(dataset, "PhotometricInterpretation")
    if photometric not in ("MONOCHROME1", "MONOCHROME2") or dataset.get("SamplesPerPixel", 1) not in (1, None):
        shown = photometric or "not stated"
        raise RefusedScan(
            Reason.UNSUPPORTED_PHOTOMETRIC,
            f"PhotometricInterpretation is {shown}; only MONOCHROME1 and MONOCHROME2 are read.",
        )
    require_chest(dataset)
    return modality


def read_film(dataset: Dataset, limits: Limits) -> Scan:
    """Return the film of a CR or DX data set with pixels."""
    if "PixelData" not in dataset:
        raise RefusedScan(Reason.NO_PIXELS, "The file holds no pixel data. Send the image itself.")
    stored = decode(dataset, limits)
    inverted = is_inverted(dataset)
    values = without_padding(modality_values(stored, dataset), padding_mask(stored, dataset), is_inverted=inverted)
    facts = facts_of(dataset)
    return Scan(
        modality=Modality.XRAY,
        pixels=values[np.newaxis],
        window=display_transform(dataset),
        is_inverted=inverted,
        spacing_mm=_spacing(dataset, "PixelSpacing") or _spacing(dataset, "ImagerPixelSpacing"),
        view=view_of(dataset),
        **vars(facts),
    )


def read_volume(headers: Sequence[SliceHeader], slices: int | None, limits: Limits) -> Scan:
    """Return the volume of a CT series in HU, slices from feet to head, however the files were ordered.

    Args:
        headers: One a file.
        slices: Slices to pick, evenly over the middle 70 % of the series; None: all of them.
        limits: For decoding.

    Raises:
        RefusedScan: Not one axial series, or too many slices.
        FailedScan: A slice is damaged, or differs in size from the others.
    """
    _require_one_axial_series(headers)
    if len(headers) > limits.slices:
        raise RefusedScan(Reason.TOO_LARGE, f"The series has {len(headers):,} slices; at most {limits.slices:,}.")
    picked = pick(len(headers), slices)
    ordered = ordered_slices(headers)
    images = []
    for index in picked:
        dataset = ordered[index].open()
        if "PixelData" not in dataset:
            raise RefusedScan(Reason.NO_PIXELS, "A slice holds no pixel data. Send the images themselves.")
        stored = decode(dataset, limits)
        mask = padding_mask(stored, dataset)
        images.append(without_padding(modality_values(stored, dataset), mask, is_inverted=False))
    if len({image.shape for image in images}) > 1:
        raise FailedScan(Reason.BROKEN_PIXELS, "Slices of the series differ in size. Send one reconstruction only.")
    dtype = images[0].dtype if len({image.dtype for image in images}) == 1 else np.dtype(np.float32)
    first = ordered[0].dataset
    return Scan(
        modality=Modality.CT,
        pixels=np.stack([image.astype(dtype) for image in images]),
        is_hounsfield=True,
        slices_in_series=len(headers),
        is_even=are_even([header.position_mm for header in ordered]),
        spacing_mm=_spacing(first, "PixelSpacing"),
        view=View.AXIAL,
        **vars(facts_of(first)),
    )


def slice_header(dataset: Dataset, opener: Callable[[], Dataset]) -> SliceHeader:
    """Return a slice's header with its place along the body axis."""
    number = dataset.get("InstanceNumber")
    normal, position = _normal(dataset), _floats(dataset, "ImagePositionPatient", 3)
    along = None
    if normal is not None and position is not None:
        # Towards the head, whichever way the rows run (patient coordinates: +z is towards the head, PS3.3 C.7.6.2.1.1).
        along = float(np.dot(normal if normal[2] >= 0 else -normal, position))
    return SliceHeader(dataset, along, None if number is None else int(number), opener)


def ordered_slices(headers: Sequence[SliceHeader]) -> list[SliceHeader]:
    """Return the slices from feet to head by position; by descending InstanceNumber where a position is missing.

    Ties are broken by SOPInstanceUID, so the order of the files does not matter.
    """
    if all(header.position_mm is not None for header in headers):
        return sorted(headers, key=lambda header: (header.position_mm, str(header.dataset.get("SOPInstanceUID"))))
    # Series are usually numbered from the head down.
    return sorted(headers, key=lambda header: (-(header.number or 0), str(header.dataset.get("SOPInstanceUID"))))


def are_even(positions_mm: Sequence[float | None]) -> bool | None:
    """Return whether rising positions are evenly spaced: no gap wider than ``WIDEST_GAP`` medians, and none of nothing.

    A wider gap means that slices are missing, none that two series or two phases lie on each other. None: fewer than
    three slices, or a position is not stated.
    """
    stated = [position for position in positions_mm if position is not None]
    if len(stated) < max(len(positions_mm), 3):
        return None
    gaps = np.diff(stated)
    median = float(np.median(gaps))
    return bool(gaps.max() <= WIDEST_GAP * median and gaps.min() > 0.01 * median) if median > 0 else False


def pick(count: int, wanted: int | None) -> list[int]:
    """Return which of ``count`` ordered slices to read: evenly spaced centres over the middle 70 %, rising."""
    if wanted is None or count <= wanted:
        return list(range(count))
    low, high = (share * (count - 1) for share in LUNG_SPAN)
    return sorted({round(low + (high - low) * index / max(1, wanted - 1)) for index in range(wanted)})


def _require_one_axial_series(headers: Sequence[SliceHeader]) -> None:
    series = {str(header.dataset.get("SeriesInstanceUID")) for header in headers}
    if len(series) > 1:
        raise RefusedScan(Reason.MIXED_SERIES, f"The files belong to {len(series)} series. Send one series.")
    for header in headers:
        kind = text_of(header.dataset, "ImageType")
        if "LOCALIZER" in kind:
            raise RefusedScan(Reason.LOCALIZER, "This is a localizer, not a CT slice. Send the axial series.")
        if "DERIVED SECONDARY" in kind:
            raise RefusedScan(Reason.DERIVED_IMAGE, "These are secondary reconstructions. Send the original series.")
        normal = _normal(header.dataset)
        if normal is not None and abs(normal[2]) < AXIAL_COSINE:
            raise RefusedScan(Reason.NOT_AXIAL, "The slices are not axial. Send the axial series.")


def _normal(dataset: Dataset) -> np.ndarray[tuple[int], np.dtype[np.float64]] | None:
    cosines = _floats(dataset, "ImageOrientationPatient", 6)
    return None if cosines is None else np.cross(cosines[:3], cosines[3:])


def _spacing(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    values = _floats(dataset, keyword, 2)
    return None if values is None or min(values) <= 0 else (values[0], values[1])


def _floats(dataset: Dataset, keyword: str, count: int) -> list[float] | None:
    value = dataset.get(keyword)
    try:
        numbers = [float(part) for part in value] if value is not None else []
    except (TypeError, ValueError):
        return None
    return numbers if len(numbers) == count and np.isfinite(numbers).all() else None
