"""From decoded pixels to the grey picture that encoders, fingerprints and thumbnails see.

The order is resize, then window: windowing the full film costs a hundred times more and changes nothing visible.
Each step is a pure function; their order and parameters are part of an encoder's preprocessing (``RENDERING``).
"""

from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scankin.retrieval.errors import Reason, RefusedScan
from scankin.retrieval.scan import LookupTable, Modality, Scan, Window

RENDERING = "render-1: bilinear antialiased to the longest side; VOI; MONOCHROME1 inverted; percentiles 0.5-99.5 (CT in HU: window -600/1500); zero-padded square"  # noqa: E501
"""Names the steps of this file; changes whenever a rendered pixel would."""

LUNG_WINDOW = Window(centre=-600.0, width=1500.0)
"""Lung window for CT in HU (Radiopaedia: W 1500, L -600), whatever window the header suggests."""

LOW_PERCENTILE, HIGH_PERCENTILE = 0.5, 99.5
"""Robust limits: collimated borders, markers and dead pixels lie beyond them."""


PICTURE_SIDE = 256
"""Pixels of the small picture: enough to recognise a film by, too few to read one by."""

_pictures: WeakKeyDictionary[Scan, NDArray[np.float32]] = WeakKeyDictionary()


def picture(scan: Scan) -> NDArray[np.float32]:
    """Return the small picture of a scan (of a volume: of its middle slice), ``[256, 256]``, not to be written to.

    It is rendered once and kept as long as the scan: a query's duplicates, gate and thumbnail look at the same one.

    Raises:
        RefusedScan: The picture is blank.
    """
    held = _pictures.get(scan)
    if held is None:
        held = render(middle_slice(scan), PICTURE_SIDE)[0]
        held.flags.writeable = False
        _pictures[scan] = held
    return held


def render(scan: Scan, side: int) -> NDArray[np.float32]:
    """Return the scan as grey squares ``[slices, side, side]``, float32 in [0, 1], 1 white, aspect ratio kept.

    A film is stretched to its own 0.5 and 99.5 percentiles after the VOI transform of its header, so that a window
    which merely rescales, or none, gives the same picture. CT in HU is shown in the lung window.

    Raises:
        RefusedScan: The picture is blank.
    """
    return np.stack([pad_square(_render_slice(scan, index, side), side) for index in range(len(scan.pixels))])


def _render_slice(scan: Scan, index: int, side: int) -> NDArray[np.float32]:
    small = resize(scan.pixels[index], side)
    if scan.modality is Modality.CT and scan.is_hounsfield:
        return apply_window(small, LUNG_WINDOW)
    if isinstance(scan.window, LookupTable):
        small = apply_lookup(small, scan.window)
    elif scan.window is not None:
        small = apply_window(small, scan.window)
    if scan.is_inverted:
        small = -small
    return stretch(small)


def resize(image: NDArray[np.generic], side: int) -> NDArray[np.float32]:
    """Return ``image`` ``[height, width]`` with its longest side at ``side`` pixels, antialiased, values unrounded."""
    height, width = image.shape
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = Image.fromarray(np.ascontiguousarray(image, dtype=np.float32))
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0))


def apply_window(values: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
    """Return values mapped to [0, 1] by the linear VOI function, clipped at both ends (PS3.3 C.11.2.1.2.1)."""
    low = window.centre - 0.5 - (window.width - 1) / 2
    return _unit((values - low) / max(window.width - 1, 1e-6))


def apply_lookup(values: NDArray[np.float32], table: LookupTable) -> NDArray[np.float32]:
    """Return values mapped through a VOI LUT, linear between entries since resizing has made in-between values."""
    places = np.clip(values - table.first, 0, len(table.entries) - 1)
    return _unit(np.interp(places, np.arange(len(table.entries)), table.entries))


def stretch(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return values with their 0.5 and 99.5 percentiles moved to 0 and 1 and clipped there.

    Raises:
        RefusedScan: Both percentiles are equal, the picture is blank.
    """
    low, high = np.percentile(values, (LOW_PERCENTILE, HIGH_PERCENTILE))
    if not high > low:
        raise RefusedScan(Reason.BLANK, "The picture is blank: all of it has one grey value. Send the original image.")
    return _unit((values - low) / (high - low))


def _unit(values: NDArray[Any]) -> NDArray[np.float32]:
    clipped: NDArray[np.float32] = np.clip(values, 0, 1).astype(np.float32)
    return clipped


def pad_square(image: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return ``image`` centred in a black square of ``side`` pixels."""
    square = np.zeros((side, side), np.float32)
    top, left = (side - image.shape[0]) // 2, (side - image.shape[1]) // 2
    square[top : top + image.shape[0], left : left + image.shape[1]] = image
    return square


def middle_slice(scan: Scan) -> Scan:
    """Return the scan with its middle slice only: what the small picture of a volume shows."""
    middle = len(scan.pixels) // 2
    return replace(scan, pixels=scan.pixels[middle : middle + 1])
