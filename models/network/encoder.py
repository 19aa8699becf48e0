"""An encoder with a network: prepared in numpy, run on an engine, pooled in numpy, the same whatever the engine."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scankin.models.engines import Engine
from scankin.models.network.preparation import Preparation
from scankin.retrieval.encoder import Box, EncoderIdentity
from scankin.retrieval.scan import Scan


class NetworkEncoder:
    """The mean of a network's features over all positions and slices, at unit length.

    Attributes:
        identity: What makes its vectors comparable.
        slices: How many slices of a CT series it wants.
        preparation: From scan to tensor.
        engine: Runs the network.
    """

    def __init__(
        self, name: str, weights: str, preparation: Preparation, engine: Engine, *, dim: int | None = None
    ) -> None:
        """Put the parts together.

        Args:
            name: The encoder's file in ``models/``.
            weights: SHA-256 (hex) of the weights.
            preparation: From scan to tensor.
            engine: Runs the network.
            dim: Length of its vectors; None: found by running the network once.
        """
        self.preparation, self.engine, self.slices = preparation, engine, preparation.slices
        self.identity = EncoderIdentity(
            name=name,
            weights=weights,
            preprocessing=preparation.name,
            engine=engine.name,
            dim=dim or len(engine.run(np.zeros(preparation.shape, np.float32))),
        )

    def prepare(self, scan: Scan) -> NDArray[np.float32]:
        """Return the tensor ``[slices, channels, height, width]``, of the range the network was trained on."""
        return self.preparation(scan)

    def features(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the features ``[slices, channels, h, w]`` before pooling; their mean is the vector before its length.

        A network whose vector is not the mean of a map gives one position, h = w = 1.

        Raises:
            ValueError: The tensor has another shape or range than the network was trained on.
        """
        self.preparation.require(tensor)
        return self._run(tensor)

    def encode(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the unit vector ``[dim]``.

        Raises:
            ValueError: The tensor has another shape or range than the network was trained on.
        """
        return pooled(self.features(tensor))

    @cached_property
    def has_places(self) -> bool:
        """Whether the vector is the mean of a map of more than one position."""
        return self.engine.run(np.zeros(self.preparation.shape, np.float32)).shape[1:] != (1, 1)

    def locate(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return ``[slices, h, w, dim]``: the features before they are pooled, of a film that may be blurred."""
        return np.ascontiguousarray(self._run(tensor).transpose(0, 2, 3, 1))

    def _run(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.stack([self.engine.run(one) for one in tensor])

    def placement(self, scan: Scan) -> Box:
        """Return which part of the scan's rendered square the tensor shows."""
        return self.preparation.placement(scan)


def pooled(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the unit vector ``[channels]`` of features ``[slices, channels, h, w]``: their mean, in float64, at length 1."""  # noqa: E501
    vector = features.mean(axis=(0, 2, 3), dtype=np.float64)
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
