"""Scankin's own chest encoder: the lungs, cropped; EfficientNet-Lite0 trained on open films; whitened."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from scankin.models.adapted import apply_head
from scankin.models.lungs.crop import description, lung_crop
from scankin.retrieval.encoder import DEFAULT_SLICES, Encoder, EncoderIdentity
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.rendering import RENDERING
from scankin.retrieval.scan import Scan

SIDE = 192
SHIPPED = Path(__file__).with_name("scankin_cxr.safetensors")


def load(weights: Path | None, device: str) -> Encoder:
    """Return the encoder with the shipped weights, or with those that ``scankin-index train`` wrote.

    Raises:
        InvalidRequest: The file is missing, or does not hold such weights.
    """
    path = weights or SHIPPED
    if not path.is_file():
        raise InvalidRequest(f"There is no weights file {path.name}. Train one: scankin-index train.")
    return ScankinCxr(path, device)


class ScankinCxr:
    """Features after the last convolution, mean over positions and slices, half whitened, at unit length."""

    slices = DEFAULT_SLICES

    def __init__(self, weights: Path, device: str = "cpu") -> None:
        self._device = torch.device(device)
        data = weights.read_bytes()
        self._net, self._mean, self._matrix = _network(data, weights.name)
        self._net.to(self._device)
        self.identity = EncoderIdentity(
            name="scankin_cxr",
            weights=hashlib.sha256(data).hexdigest(),
            preprocessing=f"{RENDERING}; {description(SIDE)}; grey x3, (255 v - 127) / 128; up to {self.slices} slices",
            engine=f"torch-float32-{self._device.type}",
            dim=self._matrix.shape[1],
        )

    def prepare(self, scan: Scan) -> NDArray[np.float32]:
        """Return ``[slices, 3, 192, 192]``, grey repeated to three channels, about -1..1."""
        crops = np.stack([crop.picture for crop in lung_crop(scan, SIDE)])
        grey = (crops * 255.0 - 127.0) / 128.0
        return np.repeat(grey[:, np.newaxis].astype(np.float32), 3, axis=1)

    def encode(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the unit vector ``[dim]``."""
        with torch.inference_mode():
            pooled = [
                self._net.extract_features(torch.from_numpy(one[np.newaxis]).to(self._device)).mean(dim=(2, 3))[0]
                for one in tensor
            ]
            vector = torch.stack(pooled).mean(dim=0).cpu().numpy()
        made: NDArray[np.float32] = apply_head(vector[np.newaxis], self._mean, self._matrix)[0]
        return made


def _network(data: bytes, name: str) -> tuple[Any, NDArray[np.float32], NDArray[np.float32]]:
    from efficientnet_lite_pytorch import EfficientNet  # noqa: PLC0415 (only when asked for)
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.torch import load as load_tensors  # noqa: PLC0415

    try:
        held = {key: tensor.float() for key, tensor in load_tensors(data).items()}
        net = EfficientNet.from_name("efficientnet-lite0")
        missing, unknown = net.load_state_dict(
            {key.removeprefix("net."): tensor for key, tensor in held.items() if key.startswith("net.")}, strict=False
        )
        mean, matrix = held["head.mean"].numpy(), held["head.matrix"].numpy()
    except (SafetensorError, RuntimeError, KeyError) as error:
        raise InvalidRequest(
            f"{name} does not hold weights of scankin_cxr. Train some: scankin-index train."
        ) from error
    if unknown or any("num_batches" not in one for one in missing):
        raise InvalidRequest(f"{name} does not hold weights of scankin_cxr. Train some: scankin-index train.")
    return net.eval(), mean, matrix
