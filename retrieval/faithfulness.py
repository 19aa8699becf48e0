"""Whether a map tells the truth: the similarity must fall when its top places are blurred, and come back with them.

Deletion and insertion after Petsiuk et al. 2018 (RISE), on the similarity of a pair instead of a class score. What is
measured is compared with random maps that are as smooth: blurring one connected part costs less than blurring as many
scattered cells, so a permutation of the cells would be beaten for its roughness alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from scankin.retrieval.contributions import Map
from scankin.retrieval.encoder import LocatingEncoder

STEPS = 8
RANDOM_MAPS = 19
"""The fewest of which none may be as good as the map so that one in twenty maps passes by chance."""
CHANCE = 0.05
_SMOOTH_CELLS = 1.0
"""Gaussian smoothing of the random maps, in cells of the grid."""
_SEED = 2018


@dataclass(frozen=True)
class Areas:
    """Areas under the curves of the similarity while the places of a map are deleted or inserted, top first.

    Attributes:
        deletion: From the whole picture to the blurred; lower is better.
        insertion: From the blurred picture to the whole; higher is better.
    """

    deletion: float
    insertion: float

    @property
    def gain(self) -> float:
        """Insertion less deletion: higher is better, 0 where the order of the places does not matter."""
        return self.insertion - self.deletion


@dataclass(frozen=True)
class Faithfulness:
    """How a map compares with random maps of the same picture and neighbour.

    Attributes:
        areas: Of the map.
        random: Mean over the random maps.
        random_maps: How many.
        as_good: Of them, those whose gain is at least the map's.
    """

    areas: Areas
    random: Areas
    random_maps: int
    as_good: int

    @property
    def is_faithful(self) -> bool:
        """Whether at most one in twenty of the maps, itself among them, is as good (a one-sided Monte Carlo test)."""
        return (1 + self.as_good) / (1 + self.random_maps) <= CHANCE

    @property
    def verdict(self) -> str:
        """What was found, in words."""
        better = f"{self.random_maps - self.as_good} of {self.random_maps} random maps"
        if self.is_faithful:
            return (
                f"Faithful: blurring the places it names changes the similarity more than blurring those of {better}."
            )
        return (
            f"Withheld: blurring the places it names changes the similarity more than blurring those of only {better}. "
            "Nothing reliable can be said of where the similarity comes from."
        )


class Perturbations:
    """One query's picture, blurred in part in the order of maps; random maps are encoded once for all neighbours."""

    def __init__(
        self,
        encoder: LocatingEncoder,
        tensor: NDArray[np.float32],
        grid: tuple[int, int],
        random_maps: int = RANDOM_MAPS,
    ) -> None:
        """Hold a prepared scan ``[slices, channels, height, width]`` and the ``grid`` of its maps, rows and columns."""
        self._locate, self._tensor = encoder.locate, tensor
        self._grid = grid
        # A cell's own size: what is finer than a cell goes, the grey of its surroundings stays.
        sigma = tensor.shape[2] / grid[0], tensor.shape[3] / grid[1]
        self._blurred = gaussian_filter1d(gaussian_filter1d(tensor, sigma[0], axis=2), sigma[1], axis=3)
        self._ends = self._vector(tensor), self._vector(self._blurred)
        self._random = [self._curves(one) for one in random_smooth_maps(grid, random_maps)]

    def measure(self, shares: Map, neighbour: NDArray[np.float32]) -> Faithfulness:
        """Return how faithful a map of the query is to its cosine with ``neighbour`` ``[dim]``, a unit vector."""
        areas = _areas(self._curves(shares), neighbour)
        random = [_areas(curves, neighbour) for curves in self._random]
        return Faithfulness(
            areas=areas,
            random=_mean(random),
            random_maps=len(random),
            as_good=sum(one.gain >= areas.gain for one in random),
        )

    def _vector(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the unit vector ``[dim]``; ``encode`` takes whole films only, and one that is blurred is none."""
        mean = self._locate(tensor).mean(axis=(0, 1, 2), dtype=np.float64)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)

    def _curves(self, shares: Map) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the vectors ``[STEPS + 1, dim]`` under deletion and under insertion of the top places."""
        order = np.argsort(-shares, axis=None, kind="stable")
        whole, blurred = self._ends
        deleted, inserted = [whole], [blurred]
        for step in range(1, STEPS):
            top = np.zeros(order.size, bool)
            top[order[: round(step * order.size / STEPS)]] = True
            is_top = _enlarged(top.reshape(self._grid), self._tensor.shape[2:])
            deleted.append(self._vector(np.where(is_top, self._blurred, self._tensor)))
            inserted.append(self._vector(np.where(is_top, self._tensor, self._blurred)))
        return np.stack([*deleted, blurred]), np.stack([*inserted, whole])


def random_smooth_maps(grid: tuple[int, int], count: int) -> list[Map]:
    """Return ``count`` maps of smoothed noise on a grid of rows and columns, the same for the same grid."""
    rng = np.random.default_rng(_SEED)
    return [gaussian_filter(rng.standard_normal(grid), _SMOOTH_CELLS, mode="nearest") for _ in range(count)]


def _areas(curves: tuple[NDArray[np.float32], NDArray[np.float32]], neighbour: NDArray[np.float32]) -> Areas:
    deletion, insertion = (float(np.trapezoid(vectors @ neighbour, dx=1 / STEPS)) for vectors in curves)
    return Areas(deletion, insertion)


def _enlarged(cells: NDArray[np.bool_], size: Sequence[int]) -> NDArray[np.bool_]:
    """Return cells ``[rows, columns]`` as pixels ``[height, width]``."""
    rows = np.arange(size[0]) * cells.shape[0] // size[0]
    columns = np.arange(size[1]) * cells.shape[1] // size[1]
    return cells[np.ix_(rows, columns)]


def _mean(areas: Sequence[Areas]) -> Areas:
    return Areas(*np.mean([(one.deletion, one.insertion) for one in areas], axis=0).tolist())
