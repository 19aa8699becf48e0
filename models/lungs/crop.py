"""The part of a film that shows the lungs, stretched to a square: what the chest encoder looks at."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scankin.models.lungs.locate import WHOLE, LungBox, lung_box, weights_sha256
from scankin.retrieval.encoder import Box
from scankin.retrieval.rendering import middle_slice, render
from scankin.retrieval.scan import Modality, Scan

RENDERED_SIDE = 320
LOW_PERCENTILE, HIGH_PERCENTILE = 1.0, 99.0
"""Of the crop: bones and lungs decide the contrast, not what lies outside of them."""


@dataclass(frozen=True, eq=False)
class Crop:
    """One slice's crop.

    Attributes:
        picture: ``[side, side]`` float32 in [0, 1].
        box: Where it is in the rendered square of the picture without its borders.
    """

    picture: NDArray[np.float32]
    box: LungBox


def lung_box_of(scan: Scan) -> Box:
    """Return the box of the crop of a scan's middle slice in its rendered square, borders included."""
    middle = middle_slice(scan)
    box = lung_crop(middle, 1)[0].box
    rows, columns = _inner(middle.pixels)
    inner = max(rows.stop - rows.start, columns.stop - columns.start)
    whole, (height, width) = max(middle.pixels.shape[1:]), middle.pixels.shape[1:]

    def in_whole(share: float, kept: slice, length: int) -> float:
        pixel = share * inner - (inner - (kept.stop - kept.start)) / 2 + kept.start
        return float(np.clip((pixel + (whole - length) / 2) / whole, 0, 1))

    return Box(
        in_whole(box.top, rows, height),
        in_whole(box.left, columns, width),
        in_whole(box.bottom, rows, height),
        in_whole(box.right, columns, width),
    )


def lung_crop(scan: Scan, side: int) -> list[Crop]:
    """Return the lungs of each slice as a square ``[side, side]``, aspect ratio not kept; a CT slice is shown whole.

    Borders of one value are cut off first, so that padding changes nothing. Of a film without lungs to be found, the
    whole picture is shown; ``box.is_found`` says so. Boxes are in the square of the picture without its borders.

    Raises:
        RefusedScan: The picture is blank.
    """
    rows, columns = _inner(scan.pixels)
    inner = replace(scan, pixels=scan.pixels[:, rows, columns])
    rendered = render(inner, RENDERED_SIDE)
    film = _film_in_square(*inner.pixels.shape[1:])
    crops = []
    for picture in rendered:
        box = (WHOLE if scan.modality is Modality.CT else lung_box(picture)).within(film)
        crops.append(Crop(_cut(picture, box, side), box))
    return crops


def description(side: int) -> str:
    """Return the steps from a rendered square to the crop, for an encoder's identity."""
    return (
        f"borders off; side {RENDERED_SIDE}, crop to lungs ({weights_sha256()[:16]}), bilinear to {side}; "
        f"percentiles {LOW_PERCENTILE:g}-{HIGH_PERCENTILE:g}"
    )


def _inner(pixels: NDArray[np.generic]) -> tuple[slice, slice]:
    """Return the rows and columns within borders of one value in all slices; all of them of a blank picture."""
    kept = []
    for axes in ((0, 2), (0, 1)):
        varies = np.flatnonzero(pixels.max(axis=axes) != pixels.min(axis=axes))
        kept.append(slice(int(varies[0]), int(varies[-1]) + 1) if len(varies) else slice(0, None))
    rows, columns = kept
    return slice(rows.start, rows.stop or pixels.shape[1]), slice(columns.start, columns.stop or pixels.shape[2])


def _film_in_square(height: int, width: int) -> LungBox:
    """Return where the film is in its square, which is padded with black."""
    longest = max(height, width)
    high, wide = height / longest, width / longest
    return LungBox((1 - high) / 2, (1 - wide) / 2, (1 + high) / 2, (1 + wide) / 2)


def _cut(picture: NDArray[np.float32], box: LungBox, side: int) -> NDArray[np.float32]:
    full = len(picture)
    places = (box.left * full, box.top * full, box.right * full, box.bottom * full)
    image = Image.fromarray(picture)
    cut = np.asarray(image.resize((side, side), Image.Resampling.BILINEAR, box=places))
    low, high = np.percentile(cut, (LOW_PERCENTILE, HIGH_PERCENTILE))
    stretched: NDArray[np.float32] = np.clip((cut - low) / max(high - low, 1e-3), 0, 1).astype(np.float32)
    return stretched
