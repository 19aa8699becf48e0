"""A chest film drawn from an invented chest: what lies in the beam, what it leaves on the detector."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from scankin.index_build.construct.anatomy import Anatomy, Floats
from scankin.index_build.construct.bones import bone_shadow
from scankin.index_build.construct.canvas import Canvas
from scankin.index_build.construct.devices import Devices, device_shadow
from scankin.index_build.construct.disease import Disease, lost_air, smooth_noise
from scankin.index_build.construct.pose import Pose
from scankin.index_build.construct.soft_tissue import air_thickness, body_thickness, gas_thickness
from scankin.index_build.construct.vessels import tree_of, vessel_shadow

LUNG_DENSITY = 0.24
"""Of inflated lung against water: about -760 HU."""

ATTENUATION_PER_CM = 0.2
"""Of water at the 60 keV of a chest film (NIST XCOM)."""

MARGIN = 0.06
"""Drawn beyond each edge, so that a tilted picture has no empty corners."""


@dataclass(frozen=True)
class Film:
    """A drawn film.

    Attributes:
        pixels: ``[height, width]`` float32 in [0, 1], bone bright, air dark.
        lungs: ``[height, width]`` bool, true where healthy lung would be in the beam.
        pixel_cm: Size of a pixel.
    """

    pixels: Floats
    lungs: NDArray[np.bool_]
    pixel_cm: float


def draw_film(chest: Anatomy, disease: Disease, pose: Pose, devices: Devices, *, rows: int, seed: int) -> Film:
    """Return the film of a chest, the same for the same arguments.

    Args:
        chest: Whose.
        disease: What is wrong, and how much.
        pose: How it is taken.
        devices: What is on and in the patient.
        rows: Height of the picture in pixels; the width follows from the field.
        seed: Of grain and texture.
    """
    rng = np.random.default_rng([seed, 4])
    width_cm, height_cm = pose.field_cm
    pixel = height_cm / rows
    columns = round(width_cm / pixel)
    canvas = _canvas(chest, pose, pixel, columns, rows)

    air = air_thickness(chest, pose, canvas)
    lost = lost_air(chest, disease, canvas.x, canvas.y, air, pose.lift_cm)
    vessels = vessel_shadow(tree_of(chest), canvas, heart_scale=1.1 if pose.is_ap else 1.0)
    grain = smooth_noise(rng, (canvas.size[1] // 2, canvas.size[0] // 2), 1.1)
    texture = _stretched(grain, canvas.size) * np.float32(0.02)
    open_air = air * (1 - lost) * (1 + texture)
    full = np.minimum(vessels * np.clip(air / 6, 0, 1) * (1 - 0.85 * lost), open_air)
    water = body_thickness(chest, pose, canvas)
    water -= np.float32(1 - LUNG_DENSITY) * (open_air - full)
    water -= gas_thickness(chest, pose, canvas)
    np.clip(water, 0, None, out=water)
    # bones lose contrast behind thick tissue, where most of what arrives is scatter
    bones = bone_shadow(chest, pose, canvas) * np.clip(water / 4, 0, 1) / (1 + (water / 17) ** 2)
    hard = 1.6 * bones + device_shadow(chest, devices, canvas)
    beam = water + gaussian_filter(hard, 0.06 / pixel)

    beam = _turned(beam, pose.tilt, columns, rows)
    lungs = _turned((air > 2).astype(np.uint8), pose.tilt, columns, rows) > 0
    pixels = _developed(beam, pose, pixel, rng)
    _collimate(pixels, lungs, pose, pixel)
    return Film(pixels, lungs, pixel)


def _canvas(chest: Anatomy, pose: Pose, pixel: float, columns: int, rows: int) -> Canvas:
    """Aim at the middle of the chest and leave a margin to turn in."""
    wide, high = round(columns * (1 + 2 * MARGIN)), round(rows * (1 + 2 * MARGIN))
    middle = 0.5 * chest.lung_height_cm + 1.6
    return Canvas(
        left_cm=pose.offset_cm[0] - wide * pixel / 2,
        top_cm=middle + pose.offset_cm[1] - high * pixel / 2,
        pixel_cm=pixel,
        size=(wide, high),
    )


def _stretched(picture: Floats, size: tuple[int, int]) -> Floats:
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR), dtype=np.float32)


def _turned(picture: NDArray[Any], angle: float, columns: int, rows: int) -> NDArray[Any]:
    """Return the middle ``rows`` x ``columns`` of the picture, turned about its centre."""
    cos, sin = np.cos(angle), np.sin(angle)
    high, wide = picture.shape
    shift_x = wide / 2 - cos * columns / 2 + sin * rows / 2
    shift_y = high / 2 - sin * columns / 2 - cos * rows / 2
    smooth = Image.Resampling.BILINEAR if picture.dtype == np.float32 else Image.Resampling.NEAREST
    turned = Image.fromarray(picture).transform(
        (columns, rows), Image.Transform.AFFINE, (cos, -sin, shift_x, sin, cos, shift_y), smooth
    )
    return np.asarray(turned)


def _developed(beam: Floats, pose: Pose, pixel: float, rng: np.random.Generator) -> Floats:
    """Return the displayed film: haze, grain, and the range compression that digital detectors apply."""
    step = 8
    coarse = np.asarray(Image.fromarray(beam).reduce(step), dtype=np.float32)
    spread = gaussian_filter(coarse, 5.0 / (pixel * step), mode="nearest")
    veil = _stretched(spread, (beam.shape[1], beam.shape[0]))
    inside = np.clip(beam / 2, 0, 1)
    signal = beam - np.float32(0.22 + 0.7 * pose.scatter) * veil * inside
    # fewer quanta arrive behind more water: grain grows with the root of what is absorbed (Poisson)
    grain = gaussian_filter(rng.standard_normal(beam.shape, dtype=np.float32), 0.6)
    signal += grain * np.float32(1.3 * pose.noise) * np.exp(np.float32(0.5 * ATTENUATION_PER_CM) * np.clip(beam, 0, 30))
    body = signal[beam > 3]
    low, high = np.quantile(body[::31], (0.01, 0.997)) if body.size else (0.0, 1.0)
    shown = (signal - np.float32(low)) / np.float32(max(high - low, 1e-3))
    shown = 0.10 + 0.87 * shown
    shown = np.where(beam > 3, shown, shown * np.clip(beam / 3, 0, 1))
    curve = 1.08 / (1 + np.exp(-4.2 * (shown - 0.5))) - 0.06
    return np.asarray(np.clip(curve * inside, 0, 1), dtype=np.float32)


def _collimate(pixels: Floats, lungs: NDArray[np.bool_], pose: Pose, pixel: float) -> None:
    """Darken what the shutters keep from the beam, in place."""
    left, right, top, bottom = (round(margin / pixel) for margin in pose.collimation_cm)
    high, wide = pixels.shape
    shut = np.ones((high, wide), bool)
    shut[top : high - bottom, left : wide - right] = False
    pixels[shut] *= np.float32(0.06)
    lungs[shut] = False
