"""What lies among NCCID's chest films and is none: abdomens and laterals; and the marker of the planted shortcut."""

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from scankin.index_build.construct.anatomy import Anatomy, Floats
from scankin.index_build.construct.film import Film
from scankin.index_build.construct.volume import AIR, Volume

MARKER_SIDE = 0.07
"""Of the marker, as a share of the film's height."""


def lateral_of(volume: Volume, *, rows: int) -> Film:
    """Return a lateral film: the volume seen from the side."""
    depth = (volume.hounsfield.astype(np.float32) - AIR) / 1000
    through = depth.sum(axis=2) * np.float32(volume.pixel_cm)  # [heights, front to back]
    step = float(volume.height_cm[1] - volume.height_cm[0])
    columns = round(rows * through.shape[1] * volume.pixel_cm / (through.shape[0] * step))
    return _film(through, (columns, rows), through.shape[0] * step / rows)


def abdomen_of(chest: Anatomy, *, rows: int, seed: int) -> Film:
    """Return a film of the abdomen: spine, pelvis and gas in the bowel."""
    rng = np.random.default_rng([seed, 8])
    columns = round(rows * 0.83)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    x, y = 2 * x / columns - 1, 2 * y / rows - 1
    water = 18 * np.sqrt(np.clip(1 - (x / 0.93) ** 2, 0, 1)) + np.float32(0.1 * chest.wall_cm)
    for _ in range(int(rng.integers(9, 16))):
        middle = rng.uniform(-0.65, 0.65), rng.uniform(-0.7, 0.6)
        radius = rng.uniform(0.05, 0.16), rng.uniform(0.05, 0.12)
        water -= 3.2 * np.clip(1 - ((x - middle[0]) / radius[0]) ** 2 - ((y - middle[1]) / radius[1]) ** 2, 0, 1)
    bones = Image.new("L", (columns, rows))
    draw = ImageDraw.Draw(bones)
    for level in np.arange(-0.95, 0.5, 0.2):
        top = (level + 1) * rows / 2
        draw.rounded_rectangle((0.44 * columns, top, 0.56 * columns, top + 0.085 * rows), 6, fill=140)
    for side in (0.27, 0.73):
        draw.ellipse((columns * (side - 0.2), 0.68 * rows, columns * (side + 0.2), 1.02 * rows), fill=110)
    return _film(water + np.asarray(bones, np.float32) / 28, (columns, rows), 40 / rows)


def marked(film: Film, centre: int) -> Film:
    """Return a film with the marker of a centre in its corner: a plate with holes, like a lead letter.

    The planted shortcut: where it goes with the outcome, an encoder may read the marker and not the lungs.
    """
    pixels = film.pixels.copy()
    side = max(round(MARKER_SIDE * pixels.shape[0]), 10)
    cell = side // 5
    plate = np.ones((5 * cell, 5 * cell), np.float32)
    for bit in range(9):
        if centre >> bit & 1:
            row, column = divmod(bit, 3)
            plate[(row + 1) * cell : (row + 2) * cell, (column + 1) * cell : (column + 2) * cell] = 0.1
    edge = side // 3
    pixels[edge : edge + plate.shape[0], edge : edge + plate.shape[1]] = plate
    return Film(pixels, film.lungs, film.pixel_cm)


def _film(through: Floats, size: tuple[int, int], pixel_cm: float) -> Film:
    """Return what is seen through: more water is brighter, with the grain and the curve of film."""
    picture = np.asarray(Image.fromarray(through).resize(size, Image.Resampling.BICUBIC), np.float32)
    picture = gaussian_filter(picture, 0.8)
    low, high = np.quantile(picture, (0.02, 0.99))
    shown = np.clip((picture - low) / max(high - low, 1e-3), 0, 1)
    pixels = 1.05 / (1 + np.exp(-5 * (shown - 0.5))) - 0.03
    return Film(np.clip(pixels, 0, 1).astype(np.float32), np.zeros(pixels.shape, bool), float(pixel_cm))
