"""What runs a network: torch, the reference, or onnxruntime, which serves without torch."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["AUTO", "ENGINES", "ONNXRUNTIME", "RUNTIMES", "TORCH", "Engine"]

TORCH, ONNXRUNTIME, AUTO = "torch", "onnxruntime", "auto"
ENGINES = (AUTO, TORCH, ONNXRUNTIME)
"""What a user may ask for; ``auto`` is torch where it is installed and no ``.onnx`` file is named."""

RUNTIMES = ("numpy", TORCH, ONNXRUNTIME)
"""With which the engine of an identity begins; encoders without a network run on numpy."""


class Engine(Protocol):
    """Runs one network. Implementations are safe to call from several threads."""

    @property
    def name(self) -> str:
        """Runtime, precision and device, such as "torch-float32-cpu"; part of the identity of every vector."""

    def run(self, one: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the features ``[channels, h, w]`` of one prepared slice ``[channels, height, width]``.

        A network whose vector is not the mean of a map gives ``[channels, 1, 1]``.
        """
