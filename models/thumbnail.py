"""The picture itself, 16 x 16: no weights, computable by hand. The floor that a real encoder must beat."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.encoder import DEFAULT_SLICES, FULL_SQUARE, Box, Encoder, EncoderIdentity
from scankin.retrieval.errors import InvalidRequest, Reason, RefusedScan
from scankin.retrieval.rendering import RENDERING, render
from scankin.retrieval.scan import Scan

SIDE = 16


def load(weights: Path | None, _device: str) -> Encoder:
    """Return the encoder, whatever the device; it has no weights, so naming some is an error."""
    if weights is not None:
        raise InvalidRequest("thumbnail has no weights. Leave out the weights file.")
    return Thumbnail()


class Thumbnail:
    """Mean grey of a 16 x 16 grid, less the picture's mean, at unit length; a volume is the mean of its slices."""

    slices = DEFAULT_SLICES
    identity = EncoderIdentity(
        name="thumbnail",
        weights="none",
        preprocessing=f"{RENDERING}; side {SIDE}; up to {DEFAULT_SLICES} slices",
        engine="numpy-float32-cpu",
        dim=SIDE * SIDE,
    )

    def prepare(self, scan: Scan) -> NDArray[np.float32]:
        """Return ``[slices, 1, 16, 16]`` in [0, 1]."""
        return render(scan, SIDE)[:, np.newaxis]

    def encode(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the unit vector ``[256]``: slice mean, flattened row by row, less its mean, over its length."""
        flat = tensor.mean(axis=0, dtype=np.float64).ravel()
        centred = flat - flat.mean()
        length = float(np.linalg.norm(centred))
        if length < 1e-9:
            raise RefusedScan(Reason.BLANK, "The picture is blank: nothing can be like it.")
        return np.asarray(centred / length, np.float32)

    def locate(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return ``[slices, 16, 16, 256]``: each pixel, less the mean of all, in the place of the vector it fills."""
        centred = (tensor[:, 0] - tensor.mean(dtype=np.float64)).astype(np.float32)
        ones = np.eye(SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE, -1)
        return np.asarray(centred[..., np.newaxis] * ones, np.float32)

    def placement(self, scan: Scan) -> Box:  # noqa: ARG002 (other encoders crop)
        """Return the full square: nothing is cropped."""
        return FULL_SQUARE
