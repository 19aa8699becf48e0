"""Any image network of timm (Wightman 2019) with local weights and a card that names it and its preparation."""

from pathlib import Path
from typing import Any

from scankin.models.network import NetworkEncoder, Preparation, Square, needed_file, sha256_of_weights
from scankin.models.network.cards import Card, read_card
from scankin.models.network.weights import library
from scankin.retrieval.encoder import Encoder
from scankin.retrieval.errors import InvalidRequest

NAME = "timm"
EQUAL = 1e-4
"""Of the vector's length: how near the mean of a map must come to the pooled vector to stand for it."""


class TimmCard(Card):
    """The card beside the weights; timm's own ``config.json`` of a model repository is one.

    Attributes:
        architecture: timm's name of the network.
        input_size: Channels, height and width.
        mean, std: Of each channel, for grey in [0, 1].
    """

    architecture: str
    input_size: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]


def restored(stated: str) -> Preparation:
    """Return the preparation of an exported network."""
    return Square.restored(stated)


def load(weights: Path | None, device: str) -> Encoder:
    """Return the encoder of a weights file (safetensors or a state dict) beside which its card lies.

    Raises:
        InvalidRequest: timm is not installed, there is no card, timm has no such network, or the weights do not fit.
    """
    path = needed_file(weights, NAME, "a local weights file with its card beside it")
    card = read_card(path, TimmCard, nested="pretrained_cfg")
    if card.input_size[1] != card.input_size[2] or not len(card.mean) == len(card.std) == card.input_size[0]:
        raise InvalidRequest(f"{path.name}: its card asks for pictures that are not square, or not of 1 or 3 channels.")
    timm = library("timm", NAME)
    from scankin.models.engines.torch import TorchEngine, fill, state_of  # noqa: PLC0415 (1.8 s, and an extra)

    preparation = Square(card.input_size[1], mean=card.mean, spread=card.std)
    state = state_of(path, NAME)
    net = _network(timm, card, state, path)
    has_map = _is_mean_of_map(fill(net, state, path, NAME).eval(), preparation)
    engine = TorchEngine(net, _map if has_map else _pooled, device)
    return NetworkEncoder(NAME, sha256_of_weights(path), preparation, engine)


def _network(timm: Any, card: TimmCard, state: dict[str, Any], path: Path) -> Any:
    """Return the network without weights; its classes are as many as the file's."""
    channels, side, _ = card.input_size
    wanted = {"pretrained": False, "in_chans": channels}
    if not timm.is_model(card.architecture):
        raise InvalidRequest(f"{path.name}: timm has no network {card.architecture!r}. Correct the card.")
    net = timm.create_model(card.architecture, **wanted)
    classes = net.default_cfg["classifier"]
    first = classes if isinstance(classes, str) else classes[0]
    count = len(state[f"{first}.weight"]) if f"{first}.weight" in state else 0
    sized = {"img_size": side} if hasattr(net, "patch_embed") and hasattr(net, "pos_embed") else {}
    return timm.create_model(card.architecture, num_classes=count, **wanted, **sized)


def _map(net: Any, batch: Any) -> Any:
    return net.forward_features(batch)


def _pooled(net: Any, batch: Any) -> Any:
    return net.forward_head(net.forward_features(batch), pre_logits=True)


def _is_mean_of_map(net: Any, preparation: Square) -> bool:
    """Return whether the network's vector is the mean of a map ``[n, channels, h, w]``, tried on a slope of grey."""
    import torch  # noqa: PLC0415 (an extra)

    channels, side, _ = preparation.shape
    slope = torch.linspace(-1, 1, side * side).reshape(1, 1, side, side).repeat(1, channels, 1, 1)
    with torch.inference_mode():
        found, vector = _map(net, slope), _pooled(net, slope)
        if found.ndim != 4 or found.shape[1] != vector.shape[-1]:
            return False
        apart = (found.mean(dim=(2, 3)) - vector).norm() / vector.norm()
        return bool(apart < EQUAL)
