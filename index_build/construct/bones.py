"""Ribs, clavicles, shoulder blades and spine: curves in space, and their shadows on a film."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from scankin.index_build.construct.anatomy import Anatomy, Floats, at, cage_half_depth, cage_half_width
from scankin.index_build.construct.canvas import Canvas
from scankin.index_build.construct.pose import Pose

RIBS = 11
POINTS = 44
VERTEBRA = 0.104
"""Height of a vertebra with its disc, as a share of the height of the lung."""


@dataclass(frozen=True)
class Rib:
    """One rib of the left side; the right one is its mirror image.

    Attributes:
        points: ``[POINTS, 3]`` from the spine to the cartilage.
        half_height_cm: ``[POINTS]``.
        turn: Index of the outermost point: what lies before it is the back, what follows the front.
    """

    points: NDArray[np.float64]
    half_height_cm: NDArray[np.float64]
    turn: int


def ribs(chest: Anatomy) -> tuple[Rib, ...]:
    """Return the ribs of one side, top to bottom; the last reaches only the side."""
    pitch = chest.lung_height_cm * VERTEBRA
    return tuple(_rib(chest, number, -0.4 + pitch * number) for number in range(RIBS))


def _rib(chest: Anatomy, number: int, level: float) -> Rib:
    slope = chest.rib_slope * (0.55 + 0.45 * min(number / 4, 1))
    end = np.pi * (0.72 if number == 0 else 0.84 - 0.024 * max(number - 5, 0))
    if number >= RIBS - 1:
        end = np.pi * 0.55
    angle = np.linspace(0, end, POINTS)
    depth = float(cage_half_depth(chest, at(max(level + 2, 0.5)))[0]) + 0.3
    y = (
        level
        + slope * depth * (1 - np.cos(angle))
        - (0.35 if number == 0 else 0.85) * np.sin(2 * angle) * (angle < np.pi / 2)
    )
    side = level + slope * depth
    width = float(cage_half_width(chest, at(max(side, 0.8)))[0]) + 0.35
    root = 1.6
    x = np.where(angle < np.pi / 2, root + (width - root) * np.sin(angle), width * np.sin(angle))
    half = np.interp(angle, [0, 0.6, np.pi / 2, 2.4], [0.5, 0.62, 0.55, 0.72]) * (0.85 if number == 0 else 1.0)
    return Rib(np.stack([x, y, depth * np.cos(angle)], axis=1), half, int(np.searchsorted(angle, np.pi / 2)))


def bone_shadow(chest: Anatomy, pose: Pose, canvas: Canvas) -> Floats:
    """Return ``[height, width]``, centimetres of water that would shadow as much as the bones, ribs to spine."""
    back, front, girdle = (Image.new("L", canvas.size) for _ in range(3))
    for sign in (-1.0, 1.0):
        for rib in ribs(chest):
            for picture, part, shift in (
                (back, slice(0, rib.turn + 1), 0.0),
                (front, slice(rib.turn - 1, None), pose.rotation_cm),
            ):
                towards_front = np.clip(-rib.points[part, 2] / chest.half_depth_cm, 0, 1)
                line = np.stack([sign * rib.points[part, 0] + shift * towards_front, rib.points[part, 1]], axis=1)
                _tube(picture, canvas, line, rib.half_height_cm[part])
        _clavicle(girdle, chest, pose, canvas, sign)
    shadow = 1.7 * _array(back) + 1.15 * _array(front) + 2.5 * _array(girdle)
    shadow += 1.7 * _shoulder(chest, pose, canvas)
    return np.asarray(shadow + 1.5 * _spine(chest, canvas), dtype=np.float32)


def _array(picture: Image.Image) -> Floats:
    return np.asarray(picture, dtype=np.float32) * np.float32(1 / 255)


def _tube(picture: Image.Image, canvas: Canvas, line: NDArray[np.float64], half: NDArray[np.float64]) -> None:
    """Draw a hollow bone: a dense rim and a spongy middle."""
    draw = ImageDraw.Draw(picture)
    draw.polygon(canvas.ribbon(line, half), fill=235)
    draw.polygon(canvas.ribbon(line, half - 0.16), fill=150)


def _clavicle(picture: Image.Image, chest: Anatomy, pose: Pose, canvas: Canvas, sign: float) -> None:
    start, reach = 2.0, chest.half_width_cm * 1.25
    share = np.linspace(0, 1, POINTS)
    x = sign * (start + (reach - start) * share) + pose.rotation_cm * (1 - share)
    rise = chest.clavicle_rise_cm * (0.75 if pose.is_ap else 1.0)
    # supine and AP films throw the clavicles higher over the apices
    y = (1.6 if pose.is_ap else 3.0) - rise * share + 0.7 * np.sin(2 * np.pi * share)
    half = np.interp(share, [0, 0.08, 0.35, 0.8, 1], [0.95, 0.85, 0.55, 0.6, 0.75])
    _tube(picture, canvas, np.stack([x, y], axis=1), half)


def _shoulder(chest: Anatomy, pose: Pose, canvas: Canvas) -> Floats:
    """Shoulder blades and upper arms; standing patients roll the blades out of the lungs, those in bed cannot."""
    picture = Image.new("L", canvas.size)
    draw = ImageDraw.Draw(picture)
    width = chest.half_width_cm
    inward = 0.0 if pose.is_ap else 0.2 * width
    inner = [[0.82, 1.0], [0.74, 6.0], [0.80, 12.5], [0.90, 14.0], [1.02, 10.0]]
    blade = np.array([[x * width + inward, y] for x, y in inner] + [[1.28 * width, 5.0], [1.25 * width, 2.2]])
    for sign in (-1.0, 1.0):
        draw.polygon(canvas.points(blade * [sign, 1]), fill=90)
        draw.line(canvas.points(blade[:6] * [sign, 1]), fill=150, width=max(2, round(0.35 / canvas.pixel_cm)))
        head = np.array([sign * 1.42 * width, 3.6])
        shaft = np.stack([head, head + np.array([sign * 0.22 * width, 24])])
        draw.polygon(canvas.ribbon(shaft, np.array([1.3, 1.1])), fill=190)
        draw.ellipse(canvas.box(head[0], head[1], 2.5, 2.6), fill=200)
    return _array(picture)


def _spine(chest: Anatomy, canvas: Canvas) -> Floats:
    """Vertebral bodies with discs between them, pedicles and spinous processes."""
    pitch = chest.lung_height_cm * VERTEBRA
    picture = Image.new("L", canvas.size)
    draw = ImageDraw.Draw(picture)
    for number in range(-5, 21):
        y = -0.9 + pitch * number
        middle = chest.curve_cm * np.sin(np.pi * y / chest.lung_height_cm)
        half = 1.05 + 0.05 * (number + 5)
        draw.rectangle(canvas.box(middle, y, half, 0.42 * pitch), fill=190)
        draw.rectangle(canvas.box(middle, y, half - 0.18, 0.42 * pitch - 0.14), fill=150)
        for side in (-1, 1):
            draw.ellipse(canvas.box(middle + side * 0.62 * half, y - 0.1 * pitch, 0.36, 0.55), outline=235, width=2)
        draw.ellipse(canvas.box(middle, y + 0.3 * pitch, 0.26, 0.6), fill=215)
    return _array(picture)
