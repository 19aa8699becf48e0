"""Draws axial CT slices of the invented chest, in Hounsfield units."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

SIDE = 128
SLICES = 24

AIR_HU, LUNG_HU, TISSUE_HU, BONE_HU = -1000, -850, 40, 600


def draw_volume(severity: float, rng: np.random.Generator) -> NDArray[np.int16]:
    """Return ``[24, 128, 128]`` in HU, feet to head: body, lungs, heart, spine, and ground glass at the lungs' rim."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE - 0.5
    width = rng.uniform(0.40, 0.45)
    slices = []
    for index in range(SLICES):
        height = index / (SLICES - 1)
        body = np.hypot(x / width, y / 0.32) < 1
        lung = np.zeros_like(body)
        rim = np.zeros_like(x)
        size = np.sin(np.pi * (0.12 + 0.83 * height)) ** 0.6
        for side in (-1, 1):
            distance = np.hypot((x - side * 0.19) / (0.155 * size), (y + 0.01) / (0.24 * size))
            lung |= distance < 1
            rim = np.maximum(rim, np.where(distance < 1, distance, 0))
        heart = (np.hypot((x - 0.05) / 0.13, (y + 0.05) / 0.11) < 1) & (height < 0.6)
        spine = np.hypot(x / 0.05, (y - 0.22) / 0.05) < 1
        image = np.where(body, TISSUE_HU, AIR_HU).astype(np.float32)
        clouds = ndimage.gaussian_filter(rng.normal(0, 1, x.shape), 5)
        glass = np.clip(clouds / clouds.std() + 2.2 * (rim - 0.7) + 2.4 * (severity - 0.6) - 0.6 * height, 0, 1)
        image = np.where(lung & ~heart, LUNG_HU + 650 * glass * severity, image)
        image = np.where(spine, BONE_HU, image)
        slices.append(ndimage.gaussian_filter(image, 0.6) + rng.normal(0, 14, x.shape))
    return np.clip(np.round(slices), -1024, 3000).astype(np.int16)
