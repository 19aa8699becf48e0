"""Finds the lungs by a U-Net of 200,000 weights (Ronneberger 2015) that was trained on outlined films.

The network is an ONNX file beside this module, made by ``scankin-index train --recipe lungs``; its card is
``lungs.md``. It needs no torch.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scankin.models.engines.onnxruntime import OnnxEngine
from scankin.retrieval.files import sha256_of

WEIGHTS = Path(__file__).with_name("lungs.onnx")
SIDE = 128
"""Pixels of the square that the network sees."""

FEWEST = 0.03
"""A mask of less of the picture than this is no pair of lungs: of outlined films the smallest has 0.08."""

OUTER = 0.01
"""Of the mask's rows and columns this share may lie outside the box at either end, so that a stray spot is no lung."""

MARGIN = 0.06
"""Added around the box, as a share of its height and width."""


@dataclass(frozen=True)
class LungBox:
    """The part of a rendered square that shows the lungs.

    Attributes:
        top, left, bottom, right: As shares of the square's side, in [0, 1].
        is_found: False when no lungs were found, and the box is the whole square.
    """

    top: float
    left: float
    bottom: float
    right: float
    is_found: bool = True

    def within(self, other: "LungBox") -> "LungBox":
        """Return the part of this box that lies in another, such as in the film's own part of the padded square."""
        return LungBox(
            max(self.top, other.top),
            max(self.left, other.left),
            min(self.bottom, other.bottom),
            min(self.right, other.right),
            self.is_found,
        )


WHOLE = LungBox(0.0, 0.0, 1.0, 1.0, is_found=False)


def lung_mask(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how surely each pixel of a rendered square shows a lung, ``[side, side]`` in [0, 1].

    Args:
        picture: ``[side, side]`` in [0, 1], bones white, as ``rendering.render`` gives it.
    """
    return np.clip(_resized(_seen(picture), len(picture)), 0, 1)


def lung_box(picture: NDArray[np.float32]) -> LungBox:
    """Return the box around the lungs of a rendered square, with a margin; the whole square when none are found."""
    return box_of(_seen(picture) > 0.5)


def box_of(mask: NDArray[np.bool_]) -> LungBox:
    """Return the box around a mask ``[side, side]``, without its outermost hundredths, with a margin."""
    if mask.mean() < FEWEST:
        return WHOLE
    side = len(mask)
    (top, bottom), (left, right) = (_extent(mask.sum(axis=axis)) for axis in (1, 0))
    high, wide = MARGIN * (bottom - top), MARGIN * (right - left)
    return LungBox(
        top=max(top - high, 0) / side,
        left=max(left - wide, 0) / side,
        bottom=min(bottom + high, side) / side,
        right=min(right + wide, side) / side,
    )


def weights_sha256() -> str:
    """Return the SHA-256 (hex) of the network's file: part of the preprocessing of encoders that crop by it."""
    return sha256_of(WEIGHTS)


def _seen(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    seen: NDArray[np.float32] = _network().run(_resized(picture, SIDE)[np.newaxis])[0]
    return seen


def _extent(counts: NDArray[np.int64]) -> tuple[int, int]:
    share = np.cumsum(counts) / counts.sum()
    return int(np.searchsorted(share, OUTER)), int(np.searchsorted(share, 1 - OUTER)) + 1


def _resized(picture: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    if len(picture) == side:
        return picture.astype(np.float32)
    image = Image.fromarray(np.ascontiguousarray(picture, np.float32))
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))


@cache
def _network() -> OnnxEngine:
    return OnnxEngine(WEIGHTS)
