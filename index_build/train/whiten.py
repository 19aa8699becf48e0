"""The encoder's last step: principal directions of the pooled features, each divided by the root of its spread."""

import numpy as np
from numpy.typing import NDArray

DIRECTIONS = 128


def fit_whitening(pooled: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean ``[dim]`` and the matrix ``[dim, 128]`` of ``(features - mean) @ matrix``; fewer of few films.

    Half of whitening (Jegou and Chum 2012 with an exponent of one half): strong directions, such as that of the source,
    weigh less than they did, weak ones are not blown up to noise.

    Args:
        pooled: ``[n, dim]`` of the films that are learned from.
    """
    inputs = pooled.astype(np.float64)
    mean = inputs.mean(axis=0)
    _, spread, directions = np.linalg.svd(inputs - mean, full_matrices=False)
    count = min(DIRECTIONS, int((spread > spread[0] * 1e-6).sum()))
    # The sign of a direction is arbitrary: its largest entry is made positive, so that a repeated fit gives the same.
    largest = directions[np.arange(count), np.abs(directions[:count]).argmax(axis=1)]
    matrix = (directions[:count] * np.sign(largest)[:, np.newaxis]).T / np.sqrt(spread[:count] / spread[0])
    return mean.astype(np.float32), matrix.astype(np.float32)
