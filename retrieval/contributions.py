"""Which places of two pictures their similarity comes from: the exact decomposition of a cosine of pooled vectors.

Where a scan's vector is the mean of vectors of its places, the cosine of two scans is a sum over all pairs of places
(Stylianou et al. 2019, "Visualizing deep similarity networks"). Summed over the places of the neighbour it is a map
of the query, summed over those of the query a map of the neighbour; each map adds up to the cosine.
"""

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float64]
"""``[rows, columns]`` of signed shares of a cosine, on the grid of an encoder's places."""


def contributions(places: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return how much each place of a scan adds to its cosine with another: ``[slices, rows, columns]``.

    By linearity, a sum over the other's places is one product with their mean, so only the other's vector is needed.
    The sum is the cosine, exactly but for rounding; a place that makes the scans less alike is negative.

    Args:
        places: ``[slices, rows, columns, dim]`` whose mean is parallel to the scan's vector.
        other: ``[dim]``, the other scan's vector, of any length above 0.
    """
    vectors = places.astype(np.float64)
    mean = vectors.mean(axis=(0, 1, 2))
    unit = other.astype(np.float64) / np.linalg.norm(other.astype(np.float64))
    count = np.prod(vectors.shape[:3])
    return np.asarray(vectors @ unit / (np.linalg.norm(mean) * count))


def share_within(shares: Map, mask: NDArray[np.floating]) -> float | None:
    """Return the share, in [0, 1], of a map's positive sum that lies within a mask; None when nothing is positive.

    Args:
        shares: On a coarse grid over the same part of the picture as the mask.
        mask: ``[height, width]`` in [0, 1], at least as fine as the grid.
    """
    positive = np.clip(shares, 0, None)
    total = float(positive.sum())
    return float((positive * cell_means(mask, *shares.shape)).sum()) / total if total > 0 else None


def cell_means(picture: NDArray[np.floating], rows: int, columns: int) -> Map:
    """Return the mean of each cell of a grid over ``picture`` ``[height, width]``; edges at the nearest pixel."""
    tops = np.round(np.linspace(0, picture.shape[0], rows + 1)).astype(int)
    lefts = np.round(np.linspace(0, picture.shape[1], columns + 1)).astype(int)
    sums = np.add.reduceat(np.add.reduceat(picture.astype(np.float64), tops[:-1], axis=0), lefts[:-1], axis=1)
    return np.asarray(sums / np.outer(np.diff(tops), np.diff(lefts)))
