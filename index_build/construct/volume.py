"""Axial CT slices of an invented chest, in Hounsfield units, cut through the same shapes that the films project."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from scankin.index_build.construct.anatomy import (
    Anatomy,
    Floats,
    at,
    cage_half_depth,
    cage_half_width,
    dome,
    inner_edge,
)
from scankin.index_build.construct.bones import Rib, ribs
from scankin.index_build.construct.canvas import Canvas
from scankin.index_build.construct.disease import Disease
from scankin.index_build.construct.infiltrate import lost_air_in_slices
from scankin.index_build.construct.vessels import Tree, tree_of

SIDE = 256
STEP_CM = 0.8
"""High-resolution CT as it was taken step and shoot: thin slices, gaps between them."""

FEWEST = 28
"""Slices at least: a child's chest is cut more closely."""

AIR, LUNG, FAT, MUSCLE, BLOOD, LIVER, BONE, CORTEX = -1000, -850, -100, 45, 40, 60, 220, 650
"""Hounsfield units of what a chest is made of, without contrast medium."""

ARCH = ((-1.7, 1.6), (1.7, 1.6), (2.9, 2.3), (0.35, 4.0), (-0.35, 4.0), (-2.9, 2.3))
"""Outline of a vertebral arch with its processes, cm from the middle of the body."""


@dataclass(frozen=True)
class Volume:
    """An axial series.

    Attributes:
        hounsfield: ``[slices, 256, 256]`` int16, head to feet.
        lungs: ``[slices, 256, 256]`` bool.
        height_cm: ``[slices]``, ``y`` of each slice.
        pixel_cm: Size of a pixel.
        left_cm: ``x`` of the left edge, and ``z`` of the front edge.
    """

    hounsfield: NDArray[np.int16]
    lungs: NDArray[np.bool_]
    height_cm: NDArray[np.float64]
    pixel_cm: float
    left_cm: float


def draw_volume(chest: Anatomy, disease: Disease, *, seed: int) -> Volume:
    """Return the CT of a chest lying on its back in full inspiration, the same for the same arguments."""
    rng = np.random.default_rng([seed, 6])
    span = chest.lung_height_cm + chest.dome_height_cm + 2.0
    heights = np.arange(-1.0, span - 1.0, min(STEP_CM, span / FEWEST))
    half_field = chest.half_width_cm + chest.wall_cm + 1.8
    pixel = 2 * half_field / SIDE
    plane = Canvas(-half_field, -half_field, pixel, (SIDE, SIDE))
    organs = np.stack([_organs(chest, float(y), plane.x, plane.y) for y in heights])
    lungs = np.stack([_lung(chest, float(y), plane.x, plane.y) for y in heights]) & ~organs
    lost = lost_air_in_slices(chest, disease, plane, heights, lungs)
    tree, cage = tree_of(chest), ribs(chest)
    slices = np.empty(lungs.shape, np.int16)
    for index, y in enumerate(heights):
        image = _tissue(chest, float(y), plane, organs[index])
        _bones(image, chest, cage, float(y), plane)
        inside = lungs[index]
        air = np.float32(LUNG) + 45 * plane.y / np.float32(chest.half_depth_cm)
        blood = _vessels(tree, float(y), plane)
        filled = np.maximum(lost[index], blood)
        image = np.where(inside, air + filled * (np.float32(BLOOD) - air), image)
        _airways(image, chest, float(y), plane)
        grain = gaussian_filter(rng.standard_normal(image.shape, dtype=np.float32), 0.7) * np.float32(42)
        slices[index] = np.clip(np.round(gaussian_filter(image, 0.6) + grain), -1024, 3071)
    return Volume(slices, lungs, heights, pixel, -half_field)


def _lung(chest: Anatomy, y: float, x: Floats, z: Floats) -> NDArray[np.bool_]:
    """Where there is lung, or organs among it, at ``y``; ``x`` is ``[1, side]``, ``z`` is ``[side, 1]``."""
    if y <= 0:
        return np.zeros((SIDE, SIDE), bool)
    level = at(y)
    half, deep = float(cage_half_width(chest, level)[0]), float(cage_half_depth(chest, level)[0])
    cage = (np.abs(x) / half) ** 2.3 + (np.abs(z) / deep) ** 2.3 < 1
    # the mediastinum is narrow in front, wide at the roots, and widest before the spine
    middle = float(inner_edge(chest, level)[0]) * (1.0 + 0.55 * np.clip(z / deep, 0, 1) ** 2)
    recess = chest.dome_height_cm * (1.1 * np.clip(z / deep, 0, 1) ** 2 + 0.4 * np.clip(-z / deep, 0, 1) ** 2)
    above = y < dome(chest, x, 0.0) + recess
    return np.asarray(cage & (np.abs(x) > middle) & above, dtype=np.bool_)


def _organs(chest: Anatomy, y: float, x: Floats, z: Floats) -> NDArray[np.bool_]:
    """Where heart and great vessels are."""
    floor, size = chest.lung_height_cm + 0.6 * chest.left_drop_cm, chest.heart_cm / 12.5
    cos, sin = np.cos(chest.heart_tilt), np.sin(chest.heart_tilt)
    off_x, off_y = x - 2.4 * size, y - (floor + 1.0 - 4.4 * size)
    along, across = (off_x * cos + off_y * sin) / (7.2 * size), (off_y * cos - off_x * sin) / (5.2 * size)
    front = -0.22 * chest.half_depth_cm
    heart = along**2 + across**2 + ((z - front) / (0.62 * chest.half_depth_cm)) ** 2 < 1
    atrium = ((x + 1.2 * size) / (3.2 * size)) ** 2 + ((y - floor - 0.6 + 5 * size) / (5.4 * size)) ** 2
    heart = heart | (atrium + ((z - 0.3 * front) / (0.5 * chest.half_depth_cm)) ** 2 < 1)
    arch = 0.27 * chest.lung_height_cm
    rising = (np.hypot(x + 1.5, z + 2.2) < 1.75) & (arch - 1 < y < floor - 6)
    cava = (np.hypot(x + 2.9, z + 1.6) < 1.0) & (1 < y < floor - 6)
    falling = (np.hypot(x - 2.2, z - 0.5 * chest.half_depth_cm) < 1.25) & (y > arch)
    knob = ((x - 0.9) / 2.6) ** 2 + ((z - 0.8) / 3.6) ** 2 + ((y - arch) / chest.knob_cm) ** 2 < 1
    return np.asarray(heart | rising | cava | falling | knob, dtype=np.bool_)


def _tissue(chest: Anatomy, y: float, plane: Canvas, organs: NDArray[np.bool_]) -> Floats:
    """Fat, muscle and organs, as if there were neither bone nor air."""
    x, z = plane.x, plane.y
    level = at(max(y, 0.5))
    half = max(float(cage_half_width(chest, level)[0]), 0.8 * chest.half_width_cm)
    deep = max(float(cage_half_depth(chest, level)[0]), 0.62 * chest.half_depth_cm)
    wall = 0.55 * chest.wall_cm
    skin = (np.abs(x) / (half + chest.wall_cm + 0.8)) ** 2.3 + (np.abs(z) / (deep + wall + 1.4)) ** 2.3 < 1
    muscle = (np.abs(x) / (half + 0.5 * chest.wall_cm + 0.5)) ** 2.3 + (
        np.abs(z) / (deep + 0.5 * wall + 1.0)
    ) ** 2.3 < 1
    image = np.where(muscle, np.float32(MUSCLE), np.where(skin, np.float32(FAT), np.float32(AIR)))
    if chest.breast_cm:
        low = 1 - ((y - 0.66 * chest.lung_height_cm) / (0.75 * chest.breast_cm)) ** 2
        if low > 0:
            rise = deep + 0.5 * wall
            side = np.minimum(np.abs(x - 0.5 * half), np.abs(x + 0.5 * half)) / (0.42 * half)
            bulge = -z < rise + 3.0 * low**0.5 * np.sqrt(np.clip(1 - side**2, 0, None))
            image = np.where((z < 0) & bulge & (image == AIR) & (side < 1), np.float32(FAT + 45), image)
    if y > chest.lung_height_cm:
        image = np.where(muscle & (np.abs(x) < 0.9 * half) & (np.abs(z) < 0.85 * deep), np.float32(LIVER), image)
    # fat wraps the vessels of the mediastinum
    fat = (np.abs(x) < 3.2) & (np.abs(z) < 0.6 * deep) & ~organs & (y > 1)
    return np.where(fat & (y < chest.lung_height_cm), np.float32(FAT + 50), image).astype(np.float32)


def _bones(image: Floats, chest: Anatomy, cage: tuple[Rib, ...], y: float, plane: Canvas) -> None:
    """Spine, breastbone and the ribs that cross this slice, drawn into ``image``."""
    picture = Image.new("L", plane.size)
    draw = ImageDraw.Draw(picture)
    deep = float(cage_half_depth(chest, at(max(y, 0.5)))[0])
    middle = chest.curve_cm * float(np.sin(np.pi * y / chest.lung_height_cm))
    back = deep - 0.3
    draw.polygon(plane.points(np.array(ARCH) + np.array([middle, back])), fill=120)
    draw.ellipse(plane.box(middle, back, 1.75, 1.45), fill=180)
    draw.ellipse(plane.box(middle, back, 1.5, 1.2), fill=100)
    draw.ellipse(plane.box(middle, back + 1.9, 0.85, 0.65), fill=20)
    if 2 < y < 0.85 * chest.lung_height_cm:
        draw.ellipse(plane.box(0, -deep - 0.1, 1.6, 0.55), fill=150)
        draw.ellipse(plane.box(0, -deep - 0.1, 1.3, 0.3), fill=90)
    for rib in cage:
        near = np.abs(rib.points[:, 1] - y) < rib.half_height_cm
        for sign in (-1.0, 1.0):
            for start, end in _runs(near):
                line = rib.points[start:end][:, [0, 2]] * [sign, 1]
                if len(line) > 1:
                    draw.line(plane.points(line), fill=190, width=max(2, round(0.75 / plane.pixel_cm)))
                    draw.line(plane.points(line), fill=110, width=max(1, round(0.35 / plane.pixel_cm)))
    shade = np.asarray(picture, dtype=np.float32)
    body = (shade > 0) & (image > AIR)
    image[body] = np.interp(shade[body], [20, 90, 190], [20, BONE, CORTEX])


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return ``(start, end)`` of each unbroken run of true values, ``end`` excluded."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _vessels(tree: Tree, y: float, plane: Canvas, *, half_slab_cm: float = 0.25) -> Floats:
    """Return how much of each pixel is blood: what of the tree lies within the slab around ``y``."""
    low, high = np.minimum(tree.starts[:, 1], tree.ends[:, 1]), np.maximum(tree.starts[:, 1], tree.ends[:, 1])
    crossing = np.flatnonzero((low < y + half_slab_cm) & (high > y - half_slab_cm))
    start, end = tree.starts[crossing], tree.ends[crossing]
    fall = end[:, 1] - start[:, 1]
    fall = np.where(np.abs(fall) < 1e-6, 1e-6, fall)
    first = np.clip((y - half_slab_cm - start[:, 1]) / fall, 0, 1)[:, None]
    last = np.clip((y + half_slab_cm - start[:, 1]) / fall, 0, 1)[:, None]
    begins, finishes = start + first * (end - start), start + last * (end - start)
    picture = Image.new("L", plane.size)
    draw = ImageDraw.Draw(picture)
    froms, tos = plane.points(begins[:, [0, 2]]), plane.points(finishes[:, [0, 2]])
    for one, other, radius in zip(froms, tos, tree.radii_cm[crossing], strict=True):
        width = max(1.0, 2 * radius / plane.pixel_cm)
        fill = round(255 * min(1.0, 1.3 * 2 * radius / plane.pixel_cm))
        draw.line([one, other], fill=fill, width=round(width))
        draw.ellipse((one[0] - width / 2, one[1] - width / 2, one[0] + width / 2, one[1] + width / 2), fill=fill)
    return np.asarray(picture, dtype=np.float32) * np.float32(1 / 255)


def _airways(image: Floats, chest: Anatomy, y: float, plane: Canvas) -> None:
    """Windpipe and main bronchi, drawn into ``image``."""
    carina = 0.34 * chest.lung_height_cm
    if y < carina:
        tubes = [(-0.3, 0.85)]
    elif y < carina + 4:
        apart = 1.0 + 0.8 * (y - carina)
        tubes = [(-apart, 0.7), (1.1 * apart, 0.6)]
    else:
        tubes = []
    for x, radius in tubes:
        distance = np.hypot(plane.x - np.float32(x), plane.y - np.float32(0.18 * chest.half_depth_cm))
        image[distance < radius + 0.12] = MUSCLE
        image[distance < radius] = AIR
