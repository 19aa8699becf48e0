"""Disease in space: the share of air that is lost in each voxel of a CT, in keeping with the films."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter1d

from scankin.index_build.construct.anatomy import Anatomy, Floats
from scankin.index_build.construct.canvas import Canvas
from scankin.index_build.construct.disease import (
    Disease,
    Illness,
    affected_share,
    density,
    lost_air,
    smooth_noise,
    soft_step,
)

COARSE = 4
"""Patches are centimetres wide: they are made on every fourth pixel."""


def lost_air_in_slices(
    chest: Anatomy, disease: Disease, plane: Canvas, heights: NDArray[np.float64], lungs: NDArray[np.bool_]
) -> Floats:
    """Return ``[slices, side, side]`` in [0, 1], the share of air that disease replaces.

    Args:
        chest: Whose.
        disease: What, and how much.
        plane: The raster of a slice: its rows are ``z``.
        heights: ``[slices]``, ``y`` of each slice.
        lungs: ``[slices, side, side]``.
    """
    if disease.severity <= 0 or disease.illness is Illness.NONE:
        return np.zeros(lungs.shape, np.float32)
    if disease.illness is Illness.COVID:
        return _covid(chest, disease, plane, heights, lungs)
    if disease.illness is Illness.EFFUSION:
        # lying down, fluid runs to the back
        layer = soft_step(plane.y / np.float32(chest.half_depth_cm) + np.float32(1.4 * disease.severity - 0.9), 0.15)
        side = plane.x < 0 if disease.lobe.startswith("right") else plane.x >= 0
        lower = np.clip(4 * heights / chest.lung_height_cm - 0.4, 0, 1).astype(np.float32)[:, None, None]
        return np.asarray(0.97 * layer * side * lower, dtype=np.float32)
    # the others cover the same region as on the film, and are patchy through its depth
    shadow = lost_air(chest, disease, plane.x, heights.astype(np.float32)[:, None], lungs.sum(1) * plane.pixel_cm, 0.0)
    rng = np.random.default_rng([disease.seed, 5])
    few = (len(heights), plane.size[1] // COARSE, plane.size[0] // COARSE)
    patches = _finer(soft_step(0.55 + smooth_noise(rng, few, 2.2), 1.2), plane)
    return np.asarray(gaussian_filter1d(shadow, 5.0, axis=1)[:, None, :] * patches, dtype=np.float32)


def _finer(coarse: Floats, plane: Canvas) -> Floats:
    slices = [Image.fromarray(part).resize(plane.size, Image.Resampling.BILINEAR) for part in coarse]
    return np.stack([np.asarray(part, dtype=np.float32) for part in slices])


def _covid(
    chest: Anatomy, disease: Disease, plane: Canvas, heights: NDArray[np.float64], lungs: NDArray[np.bool_]
) -> Floats:
    """Patches at the rim, at the back and at the bases first (Bernheim et al. 2020, Radiology 295:200463)."""
    rng = np.random.default_rng([disease.seed, 5])
    few = lungs[:, COARSE // 2 :: COARSE, COARSE // 2 :: COARSE]
    x, z = plane.x[:, COARSE // 2 :: COARSE], plane.y[COARSE // 2 :: COARSE]
    rim = np.hypot(x / chest.half_width_cm, z / chest.half_depth_cm)
    low = np.clip(heights / chest.lung_height_cm, 0, 1).astype(np.float32)[:, None, None]
    side = np.where(x < 0, disease.right_share, 1 - disease.right_share) - 0.5
    place = (1.1 * rim + 0.45 * z / chest.half_depth_cm + 1.6 * side)[None] + 0.7 * low
    score = place + 0.5 * smooth_noise(rng, few.shape, 2.6) + 0.2 * smooth_noise(rng, few.shape, 1.0)
    edge = float(np.quantile(score[few][::5], 1 - affected_share(disease.severity))) if few.any() else 0.0
    haze, core = soft_step(score - np.float32(edge), 0.3), soft_step(score - np.float32(edge + 0.6), 0.5)
    coarse = np.clip(density(disease.severity) * (0.8 * haze + 0.4 * core), 0, 0.95).astype(np.float32)
    return _finer(coarse, plane)
