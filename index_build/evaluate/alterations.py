"""Pictures altered so that they say what an encoder looks at: without lungs, with nothing else, with a marker."""

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]

SIDE = 320
"""Pixels of the rendered square that is altered: more than encoders look at."""
FEWEST = 0.03
"""A mask of less of the picture is no pair of lungs: such a film is not asked about."""
_MARGIN = 0.02
_MARKER = "PORTABLE"


def frame_only(picture: Grey, mask: Grey) -> Grey | None:
    """Return the picture with the box around its lungs black (Maguolo and Nanni 2021); None: no lungs were found.

    The box, not the outline: the shape of the lungs would show in an outline.
    """
    box = _box(mask)
    if box is None:
        return None
    black = picture.copy()
    black[box] = 0
    return black


def lungs_only(picture: Grey, mask: Grey) -> Grey | None:
    """Return the lungs, all else black, cropped to the box around them; None: no lungs were found."""
    box = _box(mask)
    if box is None:
        return None
    return np.ascontiguousarray(np.where(mask > 0.5, picture, 0)[box], np.float32)


def marked(picture: Grey) -> Grey:
    """Return the picture with a white square and a word burnt into its top left corner, as portable machines print."""
    side = len(picture)
    ink = np.zeros(picture.shape, np.uint8)
    edge, square = round(0.03 * side), round(0.06 * side)
    cv2.rectangle(ink, (edge, edge), (edge + square, edge + square), 255, thickness=-1)
    place = edge + round(0.08 * side), edge + round(0.055 * side)
    cv2.putText(ink, _MARKER, place, cv2.FONT_HERSHEY_SIMPLEX, 0.0018 * side, 255, 2, cv2.LINE_AA)
    return np.maximum(picture, ink.astype(np.float32) / 255)


def _box(mask: Grey) -> tuple[slice, slice] | None:
    inside = mask > 0.5
    if inside.mean() < FEWEST:
        return None
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    margin = round(_MARGIN * len(mask))
    return (
        slice(max(rows[0] - margin, 0), rows[-1] + 1 + margin),
        slice(max(columns[0] - margin, 0), columns[-1] + 1 + margin),
    )
