"""The head: PCA whitening, then shrinkage LDA over finding sets in which differences between sources are noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from scankin.models.adapted import apply_head

Floats = NDArray[np.float64]

MOST_COMPONENTS, MOST_DIRECTIONS = 128, 32
WHITEN_SHRINKAGE, WITHIN_SHRINKAGE = 0.1, 0.2
FEWEST_FILMS = 6
"""A finding set of fewer films is no class, and a cell of one class and source with fewer gives no scatter."""


@dataclass(frozen=True, eq=False)
class Head:
    """A fitted head.

    Attributes:
        mean: ``[base dim]`` float32.
        matrix: ``[base dim, dim]`` float32.
    """

    mean: NDArray[np.float32]
    matrix: NDArray[np.float32]

    def __call__(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return ``[n, dim]`` unit vectors."""
        return apply_head(vectors, self.mean, self.matrix)


def fit_head(
    vectors: NDArray[np.float32], classes: NDArray[np.int64], sources: NDArray[np.int64], *, detail: float
) -> Head:
    """Return the head of films whose class is known; deterministic.

    Each source counts alike within a class, and scatter between the sources of a class is added to the scatter within
    them: a direction that tells sources apart costs as much as one that tells patients apart.

    Args:
        vectors: ``[n, dim]`` of the base encoder.
        classes: ``[n]``; -1: none, used for whitening only.
        sources: ``[n]``.
        detail: How much of the whitened vector stays beside the directions of the classes; 0: nothing.
    """
    inputs = vectors.astype(np.float64)
    mean = inputs.mean(axis=0)
    whiten = _whitening(inputs - mean)
    white = (inputs - mean) @ whiten
    between, within = _scatters(white, classes, sources)
    count = white.shape[1]
    within += WITHIN_SHRINKAGE * np.trace(within) / count * np.eye(count) + 1e-9 * np.eye(count)
    strength, directions = eigh(between, within)
    kept = np.argsort(strength)[::-1][: min(MOST_DIRECTIONS, len(np.unique(classes[classes >= 0])))]
    strength = np.clip(strength[kept], 0, None)
    told = directions[:, kept] * np.sqrt(strength / (1 + strength))
    rest = detail * np.sqrt(len(kept) / count) * np.eye(count)
    matrix = whiten @ np.concatenate([told, rest] if detail else [told], axis=1)
    return Head(mean.astype(np.float32), matrix.astype(np.float32))


def _whitening(centred: Floats) -> Floats:
    """Return ``[dim, components]``: the strongest directions, each to about unit variance."""
    variance, axes = eigh(centred.T @ centred / len(centred))
    count = int(min(MOST_COMPONENTS, max(len(centred) // 8, 2), len(variance)))
    variance, axes = np.clip(variance[::-1][:count], 0, None), axes[:, ::-1][:, :count]
    floor = WHITEN_SHRINKAGE * max(float(variance.mean()), 1e-12)
    return np.asarray(axes / np.sqrt(variance + floor))


def _scatters(white: Floats, classes: NDArray[np.int64], sources: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return the scatter between classes, and that within cells plus that between the sources of a class."""
    size = white.shape[1]
    within, between_sources, cells, means = np.zeros((size, size)), np.zeros((size, size)), 0, []
    for label in np.unique(classes[classes >= 0]):
        centres = []
        for source in np.unique(sources[classes == label]):
            cell = white[(classes == label) & (sources == source)]
            centres.append(cell.mean(axis=0))
            if len(cell) >= FEWEST_FILMS:
                within += np.cov(cell, rowvar=False, bias=True)
                cells += 1
        middle = np.mean(centres, axis=0)
        between_sources += np.mean([np.outer(c - middle, c - middle) for c in centres], axis=0)
        means.append(middle)
    overall = np.mean(means, axis=0)
    between = np.mean([np.outer(m - overall, m - overall) for m in means], axis=0)
    return np.asarray(between), np.asarray(within / max(cells, 1) + between_sources / max(len(means), 1))
