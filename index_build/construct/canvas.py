"""The raster a film is drawn on, and the way from centimetres to its pixels."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.construct.anatomy import Floats


@dataclass(frozen=True)
class Canvas:
    """A raster over part of the plane of the film.

    Attributes:
        left_cm: ``x`` of the left edge; the patient's right is on the left, as films hang.
        top_cm: ``y`` of the top edge.
        pixel_cm: Size of a pixel.
        size: Width and height in pixels.
    """

    left_cm: float
    top_cm: float
    pixel_cm: float
    size: tuple[int, int]

    @cached_property
    def x(self) -> Floats:
        """``[1, width]``, ``x`` of each column."""
        return (self.left_cm + self.pixel_cm * (np.arange(self.size[0], dtype=np.float32) + 0.5))[None, :]

    @cached_property
    def y(self) -> Floats:
        """``[height, 1]``, ``y`` of each row."""
        return (self.top_cm + self.pixel_cm * (np.arange(self.size[1], dtype=np.float32) + 0.5))[:, None]

    def points(self, line: NDArray[np.float64]) -> list[tuple[float, float]]:
        """Return ``[n, 2]`` centimetres as pixel positions for Pillow."""
        x, y = ((line - [self.left_cm, self.top_cm]) / self.pixel_cm).T.tolist()
        return list(zip(x, y, strict=True))

    def box(self, x: float, y: float, half_width: float, half_height: float) -> tuple[float, float, float, float]:
        """Return the pixel box of an ellipse or rectangle given in centimetres."""
        left, top = (x - half_width - self.left_cm) / self.pixel_cm, (y - half_height - self.top_cm) / self.pixel_cm
        return left, top, left + 2 * half_width / self.pixel_cm, top + 2 * half_height / self.pixel_cm

    def ribbon(self, line: NDArray[np.float64], half_width: NDArray[np.float64]) -> list[tuple[float, float]]:
        """Return the outline, in pixels, of a band of the given half width (cm, per point) along a line ``[n, 2]``."""
        along = np.gradient(line, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        across = np.stack([-along[:, 1], along[:, 0]], axis=1) * half_width[:, None]
        return self.points(np.concatenate([line + across, (line - across)[::-1]]))
