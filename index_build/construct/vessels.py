"""Branching vessels of the lungs: one tree a side, in space, so that film and CT show the same one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from scankin.index_build.construct.anatomy import Anatomy, Floats, cage_half_depth, cage_half_width
from scankin.index_build.construct.canvas import Canvas

STEMS = 11
GENERATIONS = 5
SHRINK = 0.79
"""Radius of a branch against its parent: 2 ** (-1/3), Murray's law (PNAS 1926) for two equal branches."""


@dataclass(frozen=True)
class Tree:
    """Branches of both lungs, thickest first.

    Attributes:
        starts: ``[n, 3]`` cm.
        ends: ``[n, 3]`` cm.
        radii_cm: ``[n]``.
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    radii_cm: NDArray[np.float64]


def tree_of(chest: Anatomy) -> Tree:
    """Return the vessels of this chest, always the same ones."""
    rng = np.random.default_rng([chest.seed, 1])
    starts, ends, radii = [], [], []
    for sign in (-1.0, 1.0):
        point = np.tile([sign * 3.3, 0.45 * chest.lung_height_cm - (0.7 if sign > 0 else 0), 0.5], (STEMS, 1))
        point = point + rng.normal(0, [0.5, 1.1, 0.9], (STEMS, 3))
        # from steeply up and out to steeply down and out; the lower vessels are the larger ones when upright
        angle = np.linspace(-1.25, 1.35, STEMS) + rng.normal(0, 0.09, STEMS)
        heading = np.stack([sign * np.cos(angle), np.sin(angle), rng.normal(0, 0.55, STEMS)], axis=1)
        radius = np.interp(angle, [-1.3, 0, 1.3], [0.24, 0.3, 0.4]) * rng.uniform(0.75, 1.15, STEMS)
        for generation in range(GENERATIONS):
            heading /= np.linalg.norm(heading, axis=1, keepdims=True)
            length = rng.uniform(1.9, 3.4, len(point)) * 0.9**generation
            bend = heading + rng.normal(0, 0.12, heading.shape)
            tip = point + bend * length[:, None]
            starts.append(point)
            ends.append(tip)
            radii.append(radius)
            spread = rng.normal(0, 1, heading.shape)
            spread -= (spread * heading).sum(1, keepdims=True) * heading
            spread *= rng.uniform(0.3, 0.55, (len(point), 1)) / np.linalg.norm(spread, axis=1, keepdims=True)
            point = np.concatenate([tip, tip])
            heading = np.concatenate([bend + spread, bend - spread])
            radius = np.concatenate([radius, radius]) * SHRINK * rng.uniform(0.85, 1.05, 2 * len(radius))
    start, end, radii_cm = np.concatenate(starts), np.concatenate(ends), np.concatenate(radii)
    y = end[:, 1].astype(np.float32)
    across = np.abs(end[:, 0]) / np.maximum(cage_half_width(chest, y), 1)
    through = np.abs(end[:, 2]) / cage_half_depth(chest, y)
    inside = across**2 + through**2 < 0.94
    order = np.argsort(-radii_cm[inside], kind="stable")
    return Tree(start[inside][order], end[inside][order], radii_cm[inside][order])


def vessel_shadow(tree: Tree, canvas: Canvas, *, heart_scale: float) -> Floats:
    """Return ``[height, width]``, centimetres of blood in the beam; only what lies in air shows."""
    picture = Image.new("L", canvas.size)
    draw = ImageDraw.Draw(picture)
    flat_starts, flat_ends = canvas.points(tree.starts[:, :2]), canvas.points(tree.ends[:, :2])
    for start, end, radius in zip(flat_starts[::-1], flat_ends[::-1], tree.radii_cm[::-1] * heart_scale, strict=True):
        width = 2 * radius / canvas.pixel_cm
        # thinner than a pixel cannot be drawn: it is drawn fainter
        draw.line([start, end], fill=round(255 * min(1.0, radius / 0.42) * min(1.0, width)), width=max(1, round(width)))
    return np.asarray(picture, dtype=np.float32) * np.float32(0.84 * 3.0 / 255)
