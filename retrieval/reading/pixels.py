"""From stored values to modality values, with the display transform kept for later: pure functions on one image."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from scankin.retrieval.errors import FailedScan, Reason
from scankin.retrieval.reading.view import text_of
from scankin.retrieval.scan import LookupTable, Window


def modality_values(stored: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    """Return values after the Modality LUT (PS3.3 C.11.1): a table, else slope and intercept, else unchanged.

    uint8, int16 or uint16 stay integers as long as the result is integral and fits; otherwise float32.
    """
    table = _lut(dataset, "ModalityLUTSequence")
    if table is not None:
        first, entries = table
        values = entries[np.clip(stored.astype(np.int64) - first, 0, len(entries) - 1)]
        return values.astype(np.uint16)
    slope, intercept = _number(dataset, "RescaleSlope", 1.0), _number(dataset, "RescaleIntercept", 0.0)
    if slope == 1.0 and intercept == 0.0:
        return stored
    if slope == int(slope) and intercept == int(intercept):
        scaled = stored.astype(np.int32) * int(slope) + int(intercept)
        for kind in (np.int16, np.uint16):
            if np.iinfo(kind).min <= scaled.min() and scaled.max() <= np.iinfo(kind).max:
                return scaled.astype(kind)
    return (stored.astype(np.float64) * slope + intercept).astype(np.float32)


def padding_mask(stored: NDArray[Any], dataset: Dataset) -> NDArray[np.bool_] | None:
    """Return which stored values are padding (PS3.3 C.7.5.1.1.2), a value or a range; None when none are."""
    first = dataset.get("PixelPaddingValue")
    if not isinstance(first, int):
        return None
    last = dataset.get("PixelPaddingRangeLimit")
    low, high = sorted((first, last if isinstance(last, int) else first))
    mask: NDArray[np.bool_] = (stored >= low) & (stored <= high)
    return mask if mask.any() and not mask.all() else None


def without_padding(values: NDArray[Any], mask: NDArray[np.bool_] | None, *, is_inverted: bool) -> NDArray[Any]:
    """Return values with padding replaced by what displays black among the rest."""
    if mask is None:
        return values
    real = values[~mask]
    filled = values.copy()
    filled[mask] = real.max() if is_inverted else real.min()
    return filled


def is_inverted(dataset: Dataset) -> bool:
    """Return whether low values display white: MONOCHROME1, or Presentation LUT Shape INVERSE of MONOCHROME2.

    For-presentation DX images state both MONOCHROME1 and INVERSE, which is one inversion (PS3.3 C.8.11.3.1.2).
    """
    photometric = text_of(dataset, "PhotometricInterpretation")
    return photometric == "MONOCHROME1" or text_of(dataset, "PresentationLUTShape") == "INVERSE"


def display_transform(dataset: Dataset) -> Window | LookupTable | None:
    """Return the VOI transform of the header: the first table, else the first window, else None (PS3.3 C.11.2).

    A transform that cannot be true (no width, a damaged table, as some NCCID files have) is left out: the percentile
    window of rendering then does its work. Sigmoid and exact windows are taken as linear, which differs by less than
    the percentile stretch that follows.
    """
    try:
        table = _lut(dataset, "VOILUTSequence")
        if table is not None and len(table[1]) > 1 and table[1].max() > 0:
            first, entries = table
            return LookupTable(float(first), tuple(round(float(v), 6) for v in entries / entries.max()))
    except FailedScan:
        pass  # a damaged display table does not make the pixels unusable
    centre, width = _first(dataset, "WindowCenter"), _first(dataset, "WindowWidth")
    if centre is None or width is None or not width >= 1:
        return None
    return Window(centre, width)


def _lut(dataset: Dataset, keyword: str) -> tuple[int, NDArray[np.int64]] | None:
    sequence = dataset.get(keyword)
    if not sequence:
        return None
    try:
        item = sequence[0]
        count, first, bits = (int(value) for value in item.LUTDescriptor)
        count = count or 65536
        data = item.LUTData
        if isinstance(data, bytes):
            data = np.frombuffer(data, "<u2" if len(data) >= 2 * count else "u1")
        entries = np.asarray(data, np.int64)
        if len(entries) < count and bits <= 8:
            # Two 8 bit entries packed in each word (PS3.3 C.11.1.1.1).
            entries = np.stack([entries & 0xFF, entries >> 8], axis=1).ravel()
        if len(entries) < count:
            raise ValueError(f"{len(entries)} entries, {count} announced")
        if first > 0x7FFF and dataset.get("PixelRepresentation") == 1:
            first -= 0x10000
        return first, entries[:count]
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise FailedScan(Reason.BROKEN_HEADER, f"The {keyword} of the header is damaged.") from error


def _first(dataset: Dataset, keyword: str) -> float | None:
    value = dataset.get(keyword)
    if value is not None and not isinstance(value, str | float | int) and hasattr(value, "__getitem__"):
        value = value[0] if len(value) else None
    try:
        number = float(value) if value is not None else None
    except (TypeError, ValueError):
        return None
    return number if number is not None and np.isfinite(number) else None


def _number(dataset: Dataset, keyword: str, default: float) -> float:
    number = _first(dataset, keyword)
    if number is None or (keyword == "RescaleSlope" and number == 0):
        return default
    return number
