"""Whether two pictures are one: keypoints lay one on the other, then the grain must agree.

A turn, scale and shift that many keypoints agree on (Lowe 2004; Fischler and Bolles 1981) is applied, and the pictures
are compared where they overlap. Two films of one patient fail: they differ in breath, pose and noise.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

KEYPOINTS = 300
RATIO = 0.8
"""Lowe's: the best match is that much nearer than the second."""
FEWEST_MATCHES = 20
LEAST_AGREED = 0.7
"""Share of matches that agree on one move. Of altered films the least was 0.81, of two films of one patient the most
0.56: these agree in the spine and not in the lungs."""
MOST_SCALED = 1.5


class Keypoints:
    """Keypoints of pictures, found when first asked for."""

    def __init__(self, inner: Sequence[NDArray[np.uint8]]) -> None:
        self._inner = inner
        self._detector = cv2.SIFT.create(nfeatures=KEYPOINTS, contrastThreshold=0.01)
        self._matcher = cv2.BFMatcher(cv2.NORM_L2)
        self._found: dict[tuple[int, bool], tuple[NDArray[np.float32], NDArray[np.float32]]] = {}

    def agreement(self, a: int, b: int, *, is_mirrored: bool) -> float:
        """Return the correlation of two pictures where they overlap once laid on each other; -1: they do not fit."""
        places, described = self._of(a, is_mirrored=False)
        others, others_described = self._of(b, is_mirrored=is_mirrored)
        if min(len(described), len(others_described)) < 2:  # no second best match
            return -1.0
        pairs = self._matcher.knnMatch(described, others_described, k=2)
        good = [first for first, second in pairs if first.distance < RATIO * second.distance]
        if len(good) < FEWEST_MATCHES:
            return -1.0
        here = np.array([places[match.queryIdx] for match in good])
        there = np.array([others[match.trainIdx] for match in good])
        cv2.setRNGSeed(0)  # the same films give the same pairs
        move, agreed = cv2.estimateAffinePartial2D(here, there, method=cv2.RANSAC, ransacReprojThreshold=2.0)
        if move is None or int(agreed.sum()) < max(FEWEST_MATCHES, LEAST_AGREED * len(good)):
            return -1.0
        return _correlation(self._inner[a], self._picture(b, is_mirrored=is_mirrored), move)

    def _picture(self, row: int, *, is_mirrored: bool) -> NDArray[np.uint8]:
        return np.ascontiguousarray(self._inner[row][:, ::-1]) if is_mirrored else self._inner[row]

    def _of(self, row: int, *, is_mirrored: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        key = row, is_mirrored
        if key not in self._found:
            points, described = self._detector.detectAndCompute(self._picture(row, is_mirrored=is_mirrored), None)
            places = np.array([point.pt for point in points], np.float32).reshape(-1, 2)
            self._found[key] = places, np.asarray(described, np.float32) if points else np.empty((0, 128), np.float32)
        return self._found[key]


def _correlation(one: NDArray[np.uint8], other: NDArray[np.uint8], move: NDArray[Any]) -> float:
    """Return how well the grain of ``one``, moved onto ``other``, fits it; -1 where less than half of either overlaps.

    Compared is the grain: any two chests agree in the coarse.
    """
    scale = float(np.hypot(move[0, 0], move[1, 0]))
    if not 1 / MOST_SCALED <= scale <= MOST_SCALED:
        return -1.0
    size = other.shape[1], other.shape[0]
    moved = cv2.warpAffine(one, move, size, flags=cv2.INTER_AREA).astype(np.float32)
    covered = cv2.warpAffine(np.full(one.shape, 255, np.uint8), move, size, flags=cv2.INTER_NEAREST)
    inside = cv2.erode(covered, np.ones((5, 5), np.uint8)) > 0
    if inside.sum() < 0.5 * min(one.size * scale**2, other.size):
        return -1.0
    grains = [_grain(picture)[inside] for picture in (moved, other.astype(np.float32))]
    return float(np.corrcoef(grains[0], grains[1])[0, 1])


def _grain(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what is finer than a sixteenth of the picture, less its noise."""
    return np.asarray(
        cv2.GaussianBlur(picture, (0, 0), 1.0) - cv2.GaussianBlur(picture, (0, 0), max(picture.shape) / 16), np.float32
    )
