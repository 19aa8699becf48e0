"""Cheap features of a picture, beside an encoder's vector: how grey it is where, where its edges run, its tones."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]

GREY_SIDE, EDGE_SIDE, CELLS, DIRECTIONS, TONES = 24, 64, 8, 8, 16
SCALES = 5
_TONE_OF_VALUE = np.minimum(np.arange(256) * TONES // 255, TONES - 1)
FEATURES = ("grey", "outline", "tone")
"""Names of what ``picture_features`` returns."""


def picture_features(picture: NDArray[np.uint8]) -> dict[str, Floats]:
    """Return the features of one thumbnail ``[256, 256]``, by the names of ``FEATURES``, float32.

    ``grey``: mean grey on a 24 x 24 grid, in [0, 1]. ``outline``: histograms of gradient directions in 8 x 8 cells at
    unit length (Dalal and Triggs 2005), which a window or another exposure hardly changes. ``tone``: square roots of
    the grey histogram's 16 shares, then the log contrast at five scales, wherever in the picture it is.
    """
    scaled = picture.astype(np.float32) / np.float32(255)
    return {
        "grey": _resized(scaled, GREY_SIDE).ravel(),
        "outline": _outline(_resized(scaled, EDGE_SIDE)),
        "tone": _tone(picture, scaled),
    }


def _outline(grey: Floats) -> Floats:
    down, right = np.gradient(grey)
    strength = np.hypot(down, right)
    direction = np.floor(np.arctan2(down, right) % (2 * np.pi) / (2 * np.pi) * DIRECTIONS).astype(int) % DIRECTIONS
    row, column = np.indices(grey.shape) // (EDGE_SIDE // CELLS)
    place = (row * CELLS + column) * DIRECTIONS + direction
    summed = np.bincount(place.ravel(), strength.ravel(), CELLS * CELLS * DIRECTIONS)
    root = np.sqrt(summed)
    return np.asarray(root / max(float(np.linalg.norm(root)), 1e-6), np.float32)


def _tone(picture: NDArray[np.uint8], grey: Floats) -> Floats:
    values = np.bincount(picture.ravel(), minlength=256)
    shares = np.bincount(_TONE_OF_VALUE, values, TONES) / picture.size
    contrasts = []
    for _ in range(SCALES):
        coarse = _halved(grey)
        contrasts.append(np.log(np.abs(grey - _doubled(_doubled(coarse).T).T).mean() + 1e-4))
        grey = coarse
    return np.asarray([*np.sqrt(shares), *contrasts], np.float32)


def _halved(grey: Floats) -> Floats:
    rows = grey[::2] + grey[1::2]
    return np.asarray((rows[:, ::2] + rows[:, 1::2]) / 4, np.float32)


def _doubled(grey: Floats) -> Floats:
    """Return twice as many rows, linear between the centres of those there are."""
    near = np.float32(0.75) * grey
    far = np.float32(0.25) * np.pad(grey, ((1, 1), (0, 0)), "edge")
    return np.stack([near + far[:-2], near + far[2:]], axis=1).reshape(2 * len(grey), -1)


def _resized(grey: NDArray[Any], side: int) -> Floats:
    return np.asarray(Image.fromarray(grey).resize((side, side), Image.Resampling.BOX), np.float32)
