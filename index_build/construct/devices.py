"""Leads, tubes and lines over the chests of the sick."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from scankin.index_build.construct.anatomy import Anatomy, Floats
from scankin.index_build.construct.canvas import Canvas


@dataclass(frozen=True)
class Devices:
    """What is on and in the patient.

    Attributes:
        leads: Electrodes of the heart monitor, 0 for none.
        has_airway_tube: An endotracheal tube, its tip above the carina.
        has_feeding_tube: A nasogastric tube to below the left dome.
        has_line: A central line from the right side of the neck to the superior vena cava.
        seed: Of their course on this film.
    """

    leads: int = 0
    has_airway_tube: bool = False
    has_feeding_tube: bool = False
    has_line: bool = False
    seed: int = 0


def device_shadow(chest: Anatomy, devices: Devices, canvas: Canvas) -> Floats:
    """Return ``[height, width]``, centimetres of water that would shadow as much as the devices."""
    picture = Image.new("L", canvas.size)
    draw = ImageDraw.Draw(picture)
    rng = np.random.default_rng([devices.seed, 3])
    for number in range(devices.leads):
        _lead(draw, chest, canvas, rng, number)
    carina = 0.34 * chest.lung_height_cm
    if devices.has_airway_tube:
        tip = carina - rng.uniform(2.0, 5.0)
        x = rng.normal(0, 0.2) - 0.2
        for side in (-0.42, 0.42):
            _stroke(
                draw, canvas, np.array([[x + side + 0.5, -9.0], [x + side + 0.1, -3.0], [x + side, tip]]), 0.12, 150
            )
        _stroke(draw, canvas, np.array([[x + 0.45, -9.0], [x + 0.05, -3.0], [x, tip - 0.6]]), 0.1, 235)
    if devices.has_feeding_tube:
        below = chest.lung_height_cm + rng.uniform(1, 5)
        knots = np.array([[0.6, -9], [0.5, 3], [0.9, 11], [1.3, 17], [2.4, 21], [4.5, below]])
        _stroke(draw, canvas, knots + rng.normal(0, 0.12, knots.shape), 0.22, 130)
    if devices.has_line:
        tip = carina + rng.uniform(0.5, 4)
        knots = np.array([[-4.4, -8], [-3.6, -3], [-2.6, 1.5], [-2.0, 5], [-2.1, tip]])
        _stroke(draw, canvas, knots + rng.normal(0, 0.12, knots.shape), 0.2, 165)
    return np.asarray(picture, dtype=np.float32) * np.float32(6.5 / 255)


def _lead(draw: ImageDraw.ImageDraw, chest: Anatomy, canvas: Canvas, rng: np.random.Generator, number: int) -> None:
    """One electrode with its clip, and a wire that leaves the picture."""
    places = [(-0.75, 0.14), (0.78, 0.12), (0.82, 0.78), (-0.8, 0.82), (0.3, 0.6)]
    across, down = places[number % len(places)]
    x = across * chest.half_width_cm + rng.normal(0, 1.2)
    y = down * chest.lung_height_cm + rng.normal(0, 1.4)
    draw.ellipse(canvas.box(x, y, 0.5, 0.5), outline=150, width=max(1, round(0.12 / canvas.pixel_cm)))
    draw.ellipse(canvas.box(x, y, 0.22, 0.22), fill=255)
    away = np.sign(x) if rng.random() < 0.7 else -np.sign(x)
    end = np.array([away * (chest.half_width_cm + 9), y + rng.uniform(-4, 14)])
    start = np.array([x, y])
    bow = (start + end) / 2 + rng.normal(0, [2.0, 4.0])
    share = np.linspace(0, 1, 24)[:, None]
    curve = (1 - share) ** 2 * start + 2 * share * (1 - share) * bow + share**2 * end
    draw.line(canvas.points(curve[:3]), fill=220, width=max(2, round(0.3 / canvas.pixel_cm)))
    draw.line(canvas.points(curve), fill=120, width=max(1, round(0.13 / canvas.pixel_cm)))


def _stroke(draw: ImageDraw.ImageDraw, canvas: Canvas, knots: NDArray[np.float64], width_cm: float, fill: int) -> None:
    """Draw a smooth line through knots that run downwards."""
    y = np.linspace(knots[0, 1], knots[-1, 1], 40)
    order = np.argsort(knots[:, 1], kind="stable")
    x = np.interp(y, knots[order, 1], knots[order, 0])
    x = np.convolve(np.pad(x, 3, mode="edge"), np.ones(7) / 7, mode="valid")
    draw.line(canvas.points(np.stack([x, y], axis=1)), fill=fill, width=max(1, round(width_cm / canvas.pixel_cm)))
