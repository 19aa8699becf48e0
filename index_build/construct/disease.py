"""What is wrong with the lungs: where, how much of the air it replaces, and how that grows with severity."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from scankin.index_build.construct.anatomy import Anatomy, Floats


class Illness(StrEnum):
    """What the drawn patient has."""

    NONE = "none"
    COVID = "covid"
    LOBAR = "lobar"
    EFFUSION = "effusion"
    OEDEMA = "oedema"


LOBES = ("right upper", "right middle", "right lower", "left upper", "left lower")


@dataclass(frozen=True)
class Disease:
    """An illness of one patient at one moment.

    Attributes:
        illness: Which.
        severity: 0 (nothing to see) to 1 (as bad as it gets).
        right_share: 0 to 1, how the load falls on the two lungs; 0.5 evenly.
        lobe: For lobar pneumonia, one of ``LOBES``; for an effusion its side is what counts.
        seed: Of the pattern, kept from film to film so that it grows in place.
    """

    illness: Illness
    severity: float
    right_share: float
    lobe: str
    seed: int


def affected_share(severity: float) -> float:
    """Return the share of the lung that is hazy at this severity: 0 at 0, five sixths at 1."""
    return float(0.83 * min(max(severity, 0.0), 1.0) ** 0.85)


def density(severity: float) -> float:
    """Return how much of the air is gone where the lung is hazy: ground glass at first, consolidation at the end."""
    return 0.27 + 0.68 * min(max(severity, 0.0), 1.0)


def lost_air(chest: Anatomy, disease: Disease, x: Floats, y: Floats, depth: Floats, lift_cm: float) -> Floats:
    """Return the share of air that disease replaces, ``[height, width]`` in [0, 1].

    Args:
        chest: Whose.
        disease: What and how much.
        x: ``[1, width]`` cm, and ``y``: ``[height, 1]`` cm.
        depth: ``[height, width]`` cm of air in the healthy chest; where it is 0 there is no lung.
        lift_cm: How much the breath leaves the diaphragm higher.
    """
    bottom = chest.lung_height_cm - lift_cm
    if disease.severity <= 0 or disease.illness is Illness.NONE:
        return np.zeros_like(depth)
    if disease.illness is Illness.COVID:
        return _covid(chest, disease, x, y, depth, bottom)
    if disease.illness is Illness.LOBAR:
        return _lobar(disease, x, y, bottom)
    if disease.illness is Illness.EFFUSION:
        return _effusion(chest, disease, x, y, bottom)
    return _oedema(chest, disease, x, y, bottom)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> Floats:
    """Return noise of zero mean and unit spread whose grain is ``sigma`` samples wide."""
    field = gaussian_filter(rng.standard_normal(shape, dtype=np.float32), sigma, mode="wrap")
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float32)


def _pattern(disease: Disease, x: Floats, y: Floats, grain_cm: float, salt: int) -> Floats:
    """Return noise fixed to the body, not to the film: the same place has the same value on every film."""
    rng = np.random.default_rng([disease.seed, salt])
    cells = smooth_noise(rng, (96, 96), 2.0)
    step = grain_cm / 2.0
    row = np.clip((y[:, 0] + 6) / step, 0, None)
    column = np.clip((x[0] + 20) / step, 0, None)
    low_row, low_column = row.astype(int), column.astype(int)
    part_row, part_column = (row - low_row)[:, None], (column - low_column)[None, :]
    rows = cells[low_row % 96] * (1 - part_row) + cells[(low_row + 1) % 96] * part_row
    mixed = rows[:, low_column % 96] * (1 - part_column) + rows[:, (low_column + 1) % 96] * part_column
    return np.asarray(mixed, dtype=np.float32)


def soft_step(value: NDArray[np.floating[Any]], width: float) -> Floats:
    """Return 0 far below zero, 1 far above, a smooth step of the given width between."""
    share = np.clip(value / np.float32(width) + np.float32(0.5), 0, 1).astype(np.float32, copy=False)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def _covid(chest: Anatomy, disease: Disease, x: Floats, y: Floats, depth: Floats, bottom: float) -> Floats:
    """Patches, on both sides, at the rim and in the lower zones first (Wong et al. 2020, Radiology 296:E72)."""
    rim = np.clip(np.abs(x) / chest.half_width_cm, 0, 1)
    low = np.clip(y / bottom, 0, 1)
    side = np.where(x < 0, disease.right_share, 1 - disease.right_share) - 0.5
    score = 0.9 * rim + 1.1 * low + 1.6 * side
    score = score + 0.55 * _pattern(disease, x, y, 3.4, 1) + 0.22 * _pattern(disease, x, y, 1.2, 2)
    lung = depth > 1.0
    edge = np.quantile(score[lung][::7], 1 - affected_share(disease.severity)) if lung.any() else 0.0
    haze = soft_step(score - np.float32(edge), 0.75)
    core = soft_step(score - np.float32(edge + 0.75), 0.7)
    grain = 1 + 0.10 * _pattern(disease, x, y, 0.45, 3)
    strength = density(disease.severity)
    return np.asarray(np.clip(strength * (0.72 * haze + 0.34 * core) * grain, 0, 0.95), dtype=np.float32)


def _lobar(disease: Disease, x: Floats, y: Floats, bottom: float) -> Floats:
    """One lobe, bounded by its fissure where the fissure is seen edge on."""
    wobble = 0.5 * _pattern(disease, x, y, 3.0, 1)
    right = x < 0
    minor = 0.52 * bottom + 0.06 * np.abs(x)
    if disease.lobe == "right upper":
        inside = soft_step(minor - y, 0.5) * soft_step(y - minor + 9.5 + wobble, 5.0) * right
    elif disease.lobe == "right middle":
        inside = soft_step(y - minor, 0.5) * soft_step(9.5 - np.abs(x) + wobble, 4.0) * right
    elif disease.lobe == "right lower":
        inside = soft_step(y - 0.62 * bottom + 1.2 * wobble, 5.0) * right
    elif disease.lobe == "left upper":
        inside = soft_step(0.55 * bottom - y + 1.2 * wobble, 5.0) * ~right
    else:
        inside = soft_step(y - 0.62 * bottom + 1.2 * wobble, 5.0) * ~right
    grain = 1 + 0.12 * _pattern(disease, x, y, 0.6, 3)
    strength = 0.45 + 0.45 * disease.severity
    patch = soft_step(_pattern(disease, x, y, 3.4, 2) + np.float32(0.4 + 2.2 * disease.severity), 1.2)
    return np.asarray(np.clip(strength * inside * patch * grain, 0, 0.95), dtype=np.float32)


def _effusion(chest: Anatomy, disease: Disease, x: Floats, y: Floats, bottom: float) -> Floats:
    """Fluid with a meniscus that climbs the chest wall and blunts the costophrenic angle."""
    is_right = disease.lobe.startswith("right")
    side = x < 0 if is_right else x >= 0
    level = bottom + 2.2 - (1.0 + 9.0 * disease.severity)
    outer = np.clip(np.abs(x) / chest.half_width_cm, 0, 1)
    surface = level + 1.2 - 4.2 * outer**4
    return np.asarray(0.94 * soft_step(y - surface, 1.3) * side, dtype=np.float32)


def _oedema(chest: Anatomy, disease: Disease, x: Floats, y: Floats, bottom: float) -> Floats:
    """Haze that spreads like wings from the hila, with fluid in the angles."""
    far = np.hypot((np.abs(x) - 4.0) / 6.5, (y - 0.5 * bottom) / 8.5)
    wings = np.exp(-(far**2)) * (1 + 0.2 * _pattern(disease, x, y, 2.4, 1))
    outer = np.clip(np.abs(x) / chest.half_width_cm, 0, 1)
    fluid = soft_step(y - (bottom + 2.4 - 3.0 * disease.severity - 2.5 * outer**4), 1.3)
    return np.asarray(np.clip(disease.severity * (0.7 * wings + 0.12) + 0.8 * fluid, 0, 0.94), dtype=np.float32)
