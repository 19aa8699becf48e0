"""Which films might be one picture: coarse grids of whole films against those of crops of every other, mirrored too."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

GRID = 12
CROPS = ((0.95, 3), (0.9, 3), (0.85, 4))
"""Shares of width and height, and at how many places of each: a crop of one side only is met too."""
CANDIDATES = 5
LIKELY = 0.94
"""Least correlation of coarse grids of a candidate: 99 % of altered films have it, and few pairs of others."""
_SMALL = 96
_BLOCK = 128


def candidates(inner: Sequence[NDArray[np.uint8]]) -> Iterator[tuple[int, int, bool]]:
    """Yield ``(a, b, is_mirrored)``, a < b, for films whose coarse grids are much alike; some come twice.

    Args:
        inner: Grey pictures ``[h, w]`` without black bars.
    """
    banks = np.stack([_crops(picture) for picture in inner])
    count, crops, cells = banks.shape
    mirrored = banks[:, 0].reshape(count, GRID, GRID)[:, :, ::-1].reshape(count, cells)
    columns = [np.ascontiguousarray(banks[:, crop]) for crop in range(crops)]
    for is_mirrored, wholes in ((False, columns[0]), (True, mirrored)):
        for start in range(0, count, _BLOCK):
            block = wholes[start : start + _BLOCK]
            best = np.full((len(block), count), -1.0, np.float32)
            for column in columns:
                np.maximum(best, block @ column.T, out=best)
            for row, alike in enumerate(best, start=start):
                alike[row] = -1
                nearest = np.argpartition(-alike, min(CANDIDATES, count - 1) - 1)[:CANDIDATES]
                for other in nearest[alike[nearest] >= LIKELY].tolist():
                    yield min(row, other), max(row, other), is_mirrored


def _crops(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return ``[35, cells]`` coarse grids, the whole first, each with mean 0 and unit length."""
    small = cv2.resize(picture, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA).astype(np.float32)
    views = [small]
    for share, count in CROPS:
        side = round(_SMALL * share)
        places = np.linspace(0, _SMALL - side, count).round().astype(int).tolist()
        views += [small[y : y + side, x : x + side] for y in places for x in places]
    grids = np.stack([cv2.resize(view, (GRID, GRID), interpolation=cv2.INTER_AREA).ravel() for view in views])
    grids -= grids.mean(axis=1, keepdims=True)
    return np.asarray(grids / np.maximum(np.linalg.norm(grids, axis=1, keepdims=True), 1e-6), np.float32)
