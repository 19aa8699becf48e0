"""Changes that must not change what a film is like: frame, markers, borders, exposure, sharpness, noise, style."""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (its usual name)
from numpy.typing import NDArray
from torch import Tensor

TURN, SHIFT, SCALE = 0.09, 0.08, (0.82, 1.04)
GAMMA, CONTRAST, BRIGHTNESS = 0.3, (0.75, 1.25), 0.06
BLUR_CHANCE, BLANK_CHANCE, NOISE = 0.3, 0.5, 0.05


@dataclass(frozen=True)
class Augmentation:
    """Draws changed copies of films.

    Attributes:
        side: Pixels of the squares it gives.
        spectra: Chance, a film, that its amplitude spectrum is mixed with that of another (Xu 2021).
    """

    side: int
    spectra: float

    def __call__(self, crops: NDArray[np.uint8], rng: np.random.Generator) -> Tensor:
        """Return ``[n, 1, side, side]`` in [0, 1] of crops ``[n, height, width]``."""
        pictures = torch.from_numpy(crops).float()[:, None] / 255
        moved = F.grid_sample(
            pictures,
            F.affine_grid(_moves(len(crops), rng), [len(crops), 1, self.side, self.side], align_corners=False),
            align_corners=False,
            padding_mode="border",
        )
        mixed = _mix_spectra(moved, self.spectra, rng) if self.spectra else moved
        exposed = _expose(mixed.clamp(0, 1), rng)
        for place in range(len(exposed)):
            exposed[place] = self._worn(exposed[place], rng)
        return exposed.clamp(0, 1)

    def _worn(self, picture: Tensor, rng: np.random.Generator) -> Tensor:
        """Return one picture blurred, with a blank corner where markers live, and noise: each by chance."""
        if rng.random() < BLUR_CHANCE:
            small = F.avg_pool2d(picture[None], int(rng.integers(2, 5)))
            picture = F.interpolate(small, size=(self.side, self.side), mode="bilinear", align_corners=False)[0]
        if rng.random() < BLANK_CHANCE:
            high, wide = (int(rng.integers(8, self.side // 4)) for _ in range(2))
            top = 0 if rng.random() < 0.5 else self.side - high
            left = 0 if rng.random() < 0.5 else self.side - wide
            picture = picture.clone()
            picture[0, top : top + high, left : left + wide] = rng.random()
        return picture + float(rng.uniform(0, NOISE)) * torch.from_numpy(
            rng.standard_normal(picture.shape, dtype=np.float32)
        )


def _moves(count: int, rng: np.random.Generator) -> Tensor:
    """Return ``[count, 2, 3]`` affine maps: turned, shifted, scaled, half of them mirrored."""
    maps = torch.zeros(count, 2, 3)
    for place in range(count):
        turn, (wide, high), mirror = rng.normal(0, TURN), rng.uniform(*SCALE, 2), rng.choice([-1, 1])
        cos, sin = math.cos(turn), math.sin(turn)
        maps[place] = torch.tensor(
            [
                [mirror * wide * cos, -high * sin, rng.uniform(-SHIFT, SHIFT)],
                [wide * sin, high * cos, rng.uniform(-SHIFT, SHIFT)],
            ]
        )
    return maps


def _expose(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    def drawn(values: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(values.astype(np.float32))[:, None, None, None]

    count = len(pictures)
    curved = pictures ** drawn(np.exp(rng.normal(0, GAMMA, count)))
    return (curved - 0.5) * drawn(rng.uniform(*CONTRAST, count)) + 0.5 + drawn(rng.normal(0, BRIGHTNESS, count))


def _mix_spectra(pictures: Tensor, chance: float, rng: np.random.Generator) -> Tensor:
    """Return pictures with part of another's amplitude spectrum: its grain and contrast, not its content."""
    spectrum = torch.fft.rfft2(pictures)
    size, phase = spectrum.abs(), spectrum.angle()
    other = torch.from_numpy(rng.permutation(len(pictures)))
    share = np.where(rng.random(len(pictures)) < chance, rng.uniform(0, 1, len(pictures)), 0.0)
    part = torch.from_numpy(share.astype(np.float32))[:, None, None, None]
    mixed = torch.polar((1 - part) * size + part * size[other], phase)
    made: Tensor = torch.fft.irfft2(mixed, s=pictures.shape[-2:])
    return made
