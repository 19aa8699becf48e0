"""Encoders, found by folder: ``models/<name>.py`` with its card ``models/<name>.md`` defines ``load``."""

import sys
from pathlib import Path
from typing import cast

from scankin.retrieval import plugins
from scankin.retrieval.encoder import Encoder

__all__ = ["encoder_names", "load_encoder"]


def encoder_names() -> list[str]:
    """Return the names of all encoders, sorted."""
    return [name.replace("-", "_") for name in plugins.names(sys.modules[__name__])]


def load_encoder(name: str, weights: Path | None = None, device: str = "cpu") -> Encoder:
    """Return the encoder ``name``, ready to use.

    Args:
        name: File name in ``models/`` without its ending.
        weights: A local weights file; None: the weights that come with the encoder's package.
        device: Torch device, such as "cpu" or "cuda:0".

    Raises:
        UnknownName: There is no encoder of that name.
        InvalidRequest: The weights file is missing or does not fit the encoder.
    """
    import torch  # noqa: PLC0415 (1.8 s, and only where an encoder is needed)

    # Callers run one scan a thread; two OpenMP threads on a busy core cost up to 25 times in wall time.
    torch.set_num_threads(1)
    module = plugins.load(sys.modules[__name__], name)
    return cast(Encoder, module.load(weights, device))
