"""Encoders, found by folder: ``models/<name>.py`` with its card ``models/<name>.md``.

A module defines ``load(weights, device)``, which returns the encoder. One whose network can also be served from an ONNX
file defines ``restored(stated)`` as well: its preparation, from what the file states. One that needs another encoder
defines ``load_over(weights, load_base)`` instead.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import cast

from scankin.models.engines import AUTO, ENGINES, ONNXRUNTIME, TORCH
from scankin.models.network.exported import SUFFIX, Exported
from scankin.retrieval import plugins
from scankin.retrieval.encoder import Encoder
from scankin.retrieval.errors import InvalidRequest

__all__ = ["encoder_names", "fitted_list", "load_encoder"]


def encoder_names() -> list[str]:
    """Return the names of all encoders, sorted."""
    return [name.replace("-", "_") for name in plugins.names(sys.modules[__name__])]


def fitted_list(name: str) -> Path | None:
    """Return the list of films that the shipped weights of an encoder were fitted on: SHA-256 of their public ids."""
    path = Path(__file__).with_name(f"{name.replace('-', '_')}.fitted.txt")
    return path if path.is_file() else None


def load_encoder(name: str, weights: Path | None = None, device: str = "cpu", engine: str = AUTO) -> Encoder:
    """Return the encoder ``name``, ready to use.

    Args:
        name: File name in ``models/`` without its ending.
        weights: Local weights, a file or a folder; an ``.onnx`` file is run by onnxruntime. None: the weights that come
            with the encoder.
        device: Torch device, such as "cpu" or "cuda:0".
        engine: What runs its network, where there is a choice: "torch", "onnxruntime", or "auto", which is torch where
            it is installed and no ``.onnx`` file is named.

    Raises:
        UnknownName: There is no encoder of that name.
        InvalidRequest: The weights are missing or do not fit, or the engine is not installed or not one.
    """
    if engine not in ENGINES:
        raise InvalidRequest(f"{engine!r} is no engine. There are: {', '.join(ENGINES)}.")
    module = plugins.load(sys.modules[__name__], name)
    if hasattr(module, "load_over"):
        return cast(Encoder, module.load_over(weights, lambda base: load_encoder(base, None, device, engine)))
    if hasattr(module, "restored") and _runtime(engine, weights) == ONNXRUNTIME:
        return _served(module, name.replace("-", "_"), weights, device)
    return cast(Encoder, module.load(weights, device))


def _runtime(engine: str, weights: Path | None) -> str:
    is_onnx = weights is not None and weights.suffix == SUFFIX
    if engine == TORCH and is_onnx:
        raise InvalidRequest("torch does not run an ONNX file. Name torch weights, or take --engine onnxruntime.")
    if engine == AUTO:
        return ONNXRUNTIME if is_onnx or importlib.util.find_spec("torch") is None else TORCH
    if engine == TORCH and importlib.util.find_spec("torch") is None:
        raise InvalidRequest("torch is not installed. Install it: pip install 'scankin[torch]'.")
    return engine


def _served(module: ModuleType, name: str, weights: Path | None, device: str) -> Encoder:
    """Return the encoder with its network from an ONNX file: the one named, or one beside its module."""
    from scankin.models.engines.onnxruntime import OnnxEngine  # noqa: PLC0415 (only where a network is run)
    from scankin.models.network.encoder import NetworkEncoder  # noqa: PLC0415

    file = weights or Path(module.__file__ or name).with_suffix(SUFFIX)
    if file.suffix != SUFFIX or not file.is_file():
        raise InvalidRequest(
            f"{name}: onnxruntime needs its network as an ONNX file. Write one with scankin-index export and name it "
            "with --weights, or run it with torch: pip install 'scankin[torch]'."
        )
    run = OnnxEngine(file, device=device)
    exported = Exported.of(run.metadata, file)
    said = exported.identity
    preparation = module.restored(exported.preparation)
    if said.name != name or said.preprocessing != preparation.name:
        raise InvalidRequest(f"{file.name} holds {said.name} as another version prepared it. Export {name} again.")
    return NetworkEncoder(name, said.weights, preparation, run, dim=said.dim)
