"""A TorchXRayVision classifier (Cohen 2022), DenseNet or ResNet, cut before its classes: trained on chest films."""

import re
from pathlib import Path
from typing import Any

from scankin.models.network import NetworkEncoder, Preparation, Square, needed_file, sha256_of_weights
from scankin.models.network.weights import library
from scankin.retrieval.encoder import Encoder
from scankin.retrieval.errors import InvalidRequest

NAME = "torchxrayvision"
LOW, HIGH = -1024.0, 1024.0
"""The range that all of the library's networks were trained on (its ``utils.warn_normalization``)."""

DENSENET_SIDE, RESNET_SIDE = 224, 512
"""Sides of the library's published weights, densenet121-res224-... and resnet50-res512-all."""


def restored(stated: str) -> Preparation:
    """Return the preparation of an exported network."""
    return Square.restored(stated)


def load(weights: Path | None, device: str) -> Encoder:
    """Return the encoder of a weights file as the library keeps it: a state dict, or a whole DenseNet.

    What network it is, is read from the shapes of the weights.

    Raises:
        InvalidRequest: The library is not installed, or the file holds no DenseNet or ResNet of one channel.
    """
    models = library("torchxrayvision.models", NAME)
    from scankin.models.engines.torch import TorchEngine, fill, state_of  # noqa: PLC0415 (1.8 s, and an extra)

    path = needed_file(weights, NAME, "a local weights file of TorchXRayVision")
    state = state_of(path, NAME, _classes(models))
    if "features.conv0.weight" in state:
        # The thresholds of the classes, where a file has them, are no part of the features.
        state.pop("op_threshs", None)
        net, features, side = _densenet(models, state), _densenet_features, DENSENET_SIDE
    else:
        state = {name.removeprefix("model."): value for name, value in state.items() if name != "op_threshs"}
        net, features, side = _resnet(state, path), _resnet_features, RESNET_SIDE
    engine = TorchEngine(fill(net, state, path, NAME), features, device)
    return NetworkEncoder(NAME, sha256_of_weights(path), Square(side, black=LOW, white=HIGH), engine)


def _densenet(models: Any, state: dict[str, Any]) -> Any:
    """Return a DenseNet of the shapes of the weights."""
    layers = [name for name in state if re.fullmatch(r"features\.denseblock\d+\.denselayer\d+\.conv2\.weight", name)]
    blocks = [name.split(".")[1] for name in layers]
    growth = state[layers[0]].shape[0] if layers else 1
    return models.DenseNet(
        growth_rate=growth,
        block_config=tuple(blocks.count(block) for block in dict.fromkeys(blocks)),
        num_init_features=state["features.conv0.weight"].shape[0],
        bn_size=state[layers[0]].shape[1] // growth if layers else 1,
        num_classes=len(state["classifier.weight"]) if "classifier.weight" in state else 1,
    )


def _densenet_features(net: Any, batch: Any) -> Any:
    return net.features(batch).relu()  # what ``DenseNet.features2`` takes the mean of


def _resnet(state: dict[str, Any], path: Path) -> Any:
    """Return a bottleneck ResNet of one channel with as many blocks as the weights."""
    from torch.nn import Conv2d  # noqa: PLC0415 (an extra)

    resnet = library("torchvision.models.resnet", NAME)
    counts = [len({n.split(".")[1] for n in state if n.startswith(f"layer{stage}.")}) for stage in (1, 2, 3, 4)]
    if not all(counts) or "fc.weight" not in state:
        raise InvalidRequest(f"{path.name} does not hold a DenseNet or ResNet of {NAME}. Name a fitting file.")
    net = resnet.ResNet(resnet.Bottleneck, counts, num_classes=len(state["fc.weight"]))
    net.conv1 = Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    return net


def _resnet_features(net: Any, batch: Any) -> Any:
    stem = net.maxpool(net.relu(net.bn1(net.conv1(batch))))
    return net.layer4(net.layer3(net.layer2(net.layer1(stem))))


def _classes(models: Any) -> tuple[type, ...]:
    """Return what a pickled DenseNet of the library is made of."""
    from torch import nn  # noqa: PLC0415 (an extra)

    ours = (models.DenseNet, models._DenseBlock, models._DenseLayer, models._Transition)
    return (*ours, nn.Sequential, nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.AvgPool2d, nn.Linear)
