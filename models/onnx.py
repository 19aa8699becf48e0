"""Any network of an ONNX file, with a card beside it that says what it takes and gives."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from scankin.models.engines import Engine
from scankin.models.network import NetworkEncoder, Square, needed_file
from scankin.models.network.cards import Card, card_path, read_card
from scankin.models.network.weights import sha256_of_files
from scankin.retrieval.encoder import Encoder
from scankin.retrieval.errors import InvalidRequest

NAME = "onnx"
Tokens = Literal["first", "mean"]
"""The first token is the class token."""


class OnnxCard(Card):
    """The card beside an ONNX file.

    Attributes:
        side: Pixels of the square it takes.
        channels: 1 or 3; the grey is repeated.
        value_range: What black and white are before mean and spread.
        mean, spread: Of each channel.
        output: Name of the output; left out: the first.
        tokens: What is taken of an output ``[1, tokens, channels]``.
    """

    side: int
    channels: int
    value_range: tuple[float, float]
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    output: str | None = None
    tokens: Tokens | None = None


def load(weights: Path | None, device: str) -> Encoder:
    """Return the encoder of an ONNX file, run by onnxruntime.

    Raises:
        InvalidRequest: There is no file or no card, or they do not fit each other.
    """
    from scankin.models.engines.onnxruntime import UNREADABLE, OnnxEngine  # noqa: PLC0415 (only where one is run)

    path = needed_file(weights, NAME, "a local ONNX file with its card beside it")
    card = read_card(path, OnnxCard)
    if not len(card.mean) == len(card.spread) == card.channels:
        raise InvalidRequest(f"{card_path(path).name}: a mean and a spread of each channel is needed.")
    black, white = card.value_range
    preparation = Square(card.side, card.mean, card.spread, black, white)
    engine = _Output(OnnxEngine(path, card.output, device), card.tokens)
    # The card says which output is used, so it is part of what made a vector.
    made_by = sha256_of_files(path.parent, (path.name, card_path(path).name))
    try:
        return NetworkEncoder(NAME, made_by, preparation, engine)
    except UNREADABLE as error:
        raise InvalidRequest(f"{path.name} does not take what its card says. Correct the card.") from error


class _Output:
    """What the card says of an engine's output, as features ``[channels, h, w]``."""

    def __init__(self, engine: Engine, tokens: Tokens | None) -> None:
        self.name, self._engine, self._tokens = engine.name, engine, tokens

    def run(self, one: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the features of one prepared slice."""
        found = self._engine.run(one)
        if found.ndim == 2 and self._tokens is not None:
            found = (found[:1] if self._tokens == "first" else found).mean(axis=0)[:, np.newaxis, np.newaxis]
        if found.ndim != 3:
            raise InvalidRequest(
                "The output is no vector [1, channels] and no map [1, channels, h, w]. Name another in the card, or "
                "state tokens."
            )
        return found
