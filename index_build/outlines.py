"""Lungs as people outlined them, in the square that the film is rendered in."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scankin.retrieval.rendering import pad_square, resize


def outline(path: Path, side: int) -> NDArray[np.float32]:
    """Return a mask file, lungs white, as a rendered square ``[side, side]`` in [0, 1]."""
    with Image.open(path) as mask:
        small = resize(np.asarray(mask.convert("L"), np.float32) / 255, side)
    return pad_square(np.clip(small, 0, 1).astype(np.float32), side)
