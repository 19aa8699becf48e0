"""Scankin's own chest encoder: the lungs, cropped; EfficientNet-Lite0 trained on open films; half whitened."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scankin.models.lungs.crop import description, lung_box_of, lung_crop
from scankin.models.network import NetworkEncoder, Preparation, Square, needed_file, sha256_of_weights
from scankin.models.network.weights import library
from scankin.retrieval.encoder import Box, Encoder
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.rendering import RENDERING
from scankin.retrieval.scan import Scan

NAME = "scankin_cxr"
SHIPPED = Path(__file__).with_name("scankin_cxr.safetensors")
FEATURES = 1280


@dataclass(frozen=True)
class LungSquare(Square):
    """The lungs of a film as a square; the whole of a CT slice."""

    @property
    def name(self) -> str:
        """The steps: rendering, crop, channels, values, slices."""
        return super().name.replace(f"{RENDERING}; side {self.side}", f"{RENDERING}; {description(self.side)}")

    def grey(self, scan: Scan) -> NDArray[np.float32]:
        """Return ``[slices, side, side]`` in [0, 1]."""
        return np.stack([crop.picture for crop in lung_crop(scan, self.side)])

    def placement(self, scan: Scan) -> Box:
        """Return the box of the lungs."""
        return lung_box_of(scan)


PREPARATION = LungSquare(192, mean=(127.0,) * 3, spread=(128.0,) * 3, white=255.0)


def restored(_stated: str) -> Preparation:
    """Return the preparation of an exported network: always the same."""
    return PREPARATION


def load(weights: Path | None, device: str) -> Encoder:
    """Return the encoder with the shipped weights, or with those that ``scankin-index train`` wrote.

    The last step, ``(mean of features - mean) @ matrix``, is linear: here it is done at every position, as a
    convolution of one pixel, so that the vector is still the mean of a map.

    Raises:
        InvalidRequest: The file is missing, or does not hold such weights.
    """
    architecture = library("efficientnet_lite_pytorch", "torch")
    from scankin.models.engines.torch import TorchEngine, state_of  # noqa: PLC0415 (1.8 s, and an extra)

    path = needed_file(weights or SHIPPED, NAME, "weights that scankin-index train wrote")
    net = _filled(architecture.EfficientNet.from_name("efficientnet-lite0"), state_of(path, NAME), path)
    engine = TorchEngine(net, lambda cut, batch: cut["last"](cut["trunk"].extract_features(batch)), device)
    return NetworkEncoder(NAME, sha256_of_weights(path), PREPARATION, engine)


def _filled(trunk: Any, state: dict[str, Any], path: Path) -> Any:
    import torch  # noqa: PLC0415

    held = {name: tensor.float() for name, tensor in state.items()}
    try:
        mean, matrix = held.pop("head.mean"), held.pop("head.matrix")
        last = torch.nn.Conv2d(FEATURES, matrix.shape[1], 1)
        last.load_state_dict({"weight": matrix.T[:, :, None, None], "bias": -(mean @ matrix)})
        missing, left_over = trunk.load_state_dict(
            {name.removeprefix("net."): tensor for name, tensor in held.items()}, strict=False
        )
    except (KeyError, RuntimeError, IndexError) as error:
        raise _misfit(path) from error
    if left_over or any("num_batches_tracked" not in name for name in missing):
        raise _misfit(path)
    return torch.nn.ModuleDict({"trunk": trunk, "last": last})


def _misfit(path: Path) -> InvalidRequest:
    return InvalidRequest(f"{path.name} does not hold weights of {NAME}. Name those that scankin-index train wrote.")
