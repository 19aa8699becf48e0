"""PyTorch: the reference, which the other engines are measured against."""

import pickle
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from scankin.retrieval.errors import InvalidRequest

_UNREADABLE = (RuntimeError, pickle.UnpicklingError, zlib.error, zipfile.BadZipFile, EOFError, ValueError, KeyError)


class Network(torch.nn.Module):
    """A network cut where its features are: what is run, and what is exported."""

    def __init__(self, net: torch.nn.Module, features: Callable[[Any, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.net = net
        self._features = features

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """Return ``[n, channels, h, w]``; vectors ``[n, channels]`` become maps of one position."""
        found = self._features(self.net, batch)
        return found[:, :, None, None] if found.ndim == 2 else found


class TorchEngine:
    """Runs a network in float32.

    Slices go through it one at a time: on a CPU a batch gains nothing, and a scan's vector cannot then depend on what
    it was batched with.
    """

    def __init__(
        self, net: torch.nn.Module, features: Callable[[Any, torch.Tensor], torch.Tensor], device: str = "cpu"
    ) -> None:
        # Callers run one scan a thread; two OpenMP threads on a busy core cost up to 25 times in wall time.
        torch.set_num_threads(1)
        self._device = torch.device(device)
        self.network = Network(net, features).float().eval().to(self._device)
        self.name = f"torch-float32-{self._device.type}"

    def run(self, one: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the features ``[channels, h, w]`` of one prepared slice."""
        with torch.inference_mode():
            found = self.network(torch.from_numpy(one[np.newaxis]).to(self._device))[0]
            features: NDArray[np.float32] = found.float().cpu().numpy()
            return features


def state_of(path: Path, encoder: str, allowed: tuple[type, ...] = ()) -> dict[str, torch.Tensor]:
    """Return the tensors of a weights file: safetensors, a state dict, or a whole model of ``allowed`` classes.

    Nothing in the file is run: of pickles only tensors and the classes allowed are read.

    Raises:
        InvalidRequest: It is none of these.
    """
    if path.suffix == ".safetensors":
        return _safetensors(path, encoder)
    try:
        with torch.serialization.safe_globals([*allowed]):
            held = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise _not_weights(path, encoder) from error
    if isinstance(held, torch.nn.Module):
        held = held.state_dict()
    if isinstance(held, dict) and isinstance(held.get("state_dict"), dict):
        held = held["state_dict"]  # a training checkpoint
    if not isinstance(held, dict) or not held or not all(isinstance(one, torch.Tensor) for one in held.values()):
        raise _not_weights(path, encoder)
    return held


def fill(net: torch.nn.Module, state: dict[str, torch.Tensor], path: Path, encoder: str) -> torch.nn.Module:
    """Return the network with all of its weights from ``state``: none may be left over, missing, or of another shape.

    Raises:
        InvalidRequest: The weights are those of another network.
    """
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise _not_weights(path, encoder) from error
    return net


def _not_weights(path: Path, encoder: str) -> InvalidRequest:
    return InvalidRequest(f"{path.name} does not hold weights of {encoder}. Name a fitting file.")


def _safetensors(path: Path, encoder: str) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError  # noqa: PLC0415 (comes with the extras that need it)
    from safetensors.torch import load_file  # noqa: PLC0415

    try:
        return dict(load_file(path))
    except SafetensorError as error:
        raise _not_weights(path, encoder) from error
