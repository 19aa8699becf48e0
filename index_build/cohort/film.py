"""Draws a chest film from invented anatomy and a severity: recognisable as a chest, not to be taken for a real one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

Floats = NDArray[Any]

SIDE = 512


@dataclass(frozen=True)
class Chest:
    """The build of one invented patient; all lengths are shares of the film's width.

    Attributes:
        lung_width: Half width of a lung, about 0.17.
        lung_height: Half height of a lung, about 0.30.
        lung_gap: Distance of a lung's middle from the spine, about 0.20.
        heart: Half width of the heart, about 0.14.
        rib_slope: Fall of the ribs towards the side.
        wall: Thickness of the soft tissue around the lungs.
        is_female: Draws breast shadows.
        seed: Of texture that no number describes.
    """

    lung_width: float
    lung_height: float
    lung_gap: float
    heart: float
    rib_slope: float
    wall: float
    is_female: bool
    seed: int


@dataclass(frozen=True)
class Disease:
    """What one film shows beside the normal chest.

    Attributes:
        kind: "covid": patchy, both sides, peripheral and low; "lobar": one dense lobe; "effusion": fluid at one base;
            "none".
        severity: 0 to 1: how much of the lungs it takes, and how dense it is.
    """

    kind: str
    severity: float


def chest_of(rng: np.random.Generator, *, is_female: bool) -> Chest:
    """Return a build drawn at random."""
    return Chest(
        lung_width=float(rng.normal(0.165, 0.012)),
        lung_height=float(rng.normal(0.30, 0.02)),
        lung_gap=float(rng.normal(0.205, 0.01)),
        heart=float(rng.normal(0.135, 0.012)),
        rib_slope=float(rng.normal(0.35, 0.06)),
        wall=float(rng.uniform(0.04, 0.09)),
        is_female=is_female,
        seed=int(rng.integers(2**31)),
    )


def draw_film(chest: Chest, disease: Disease, rng: np.random.Generator, *, is_ap: bool) -> tuple[Floats, Floats]:
    """Return the film ``[512, 512]`` in [0, 1], 1 white, and the lung fields ``[512, 512]`` in [0, 1].

    An AP film is taken in bed: larger heart, higher diaphragm, a slight turn, leads, and more haze.
    """
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE - 0.5
    x = x + rng.normal(0, 0.02 if is_ap else 0.006) + rng.normal(0, 0.02) * y * is_ap
    lungs = _lungs(chest, x, y, lift=0.05 if is_ap else 0.0)
    body = _soft_edge(np.hypot(x / (0.44 + chest.wall), (y - 0.1) / 0.62), 0.05)
    film = 0.62 * body - 0.42 * lungs
    film += _bones(chest, x, y, lungs)
    film += _heart(chest, x, y, scale=1.18 if is_ap else 1.0)
    film += 0.10 * _vessels(chest, x, y) * lungs
    if chest.is_female:
        for side in (-1, 1):
            film += 0.07 * _soft_edge(np.hypot((x - side * 0.21) / 0.15, (y - 0.16) / 0.14), 0.2)
    film += _opacity(disease, chest, x, y) * lungs
    film = np.maximum(film, 0.02 * (1 - body))
    if is_ap:
        film = 0.85 * film + 0.06
        film += _leads(rng, x, y) * body
    film = ndimage.gaussian_filter(film, 1.0)
    film += rng.normal(0, 0.018 if is_ap else 0.011, film.shape)
    low, high = np.percentile(film, (0.2, 99.8))
    return np.clip((film - low) / (high - low), 0, 1).astype(np.float32), lungs


def _soft_edge(distance: Floats, softness: float) -> Floats:
    """Return 1 inside distance 1 and 0 outside, over a soft edge."""
    inside: Floats = special.expit((1 - distance) / (softness / 4)).astype(np.float32)
    return inside


def _line(offset: Floats, width: float) -> Floats:
    """Return a soft line, 1 where ``offset`` is 0."""
    line: Floats = np.exp(-((offset / width) ** 2)).astype(np.float32)
    return line


def _lungs(chest: Chest, x: Floats, y: Floats, lift: float) -> Floats:
    """Return both lung fields: narrow at the apex, wide at the base, cut off by the domes of the diaphragm."""
    total = np.zeros_like(x)
    for side in (-1, 1):
        height = (y + 0.04) / chest.lung_height
        taper = chest.lung_width * np.sqrt(np.clip(1 - np.clip(-height, 0, 1) ** 2.2, 0.02, 1)) * (1 + 0.12 * height)
        across = (x - side * (chest.lung_gap + 0.02 * height)) / taper
        # The dome is higher on the patient's right (left of the film), over the liver.
        dome = 0.235 - lift + (0.0 if side < 0 else 0.02) + 2.56 * (np.abs(x) - 0.19) ** 2
        field = _soft_edge(np.hypot(across, np.clip(height, -1.4, 0.2)), 0.10) * _soft_edge(1 + (y - dome) * 6, 0.10)
        total = np.maximum(total, field)
    return total


def _bones(chest: Chest, x: Floats, y: Floats, lungs: Floats) -> Floats:
    bones = 0.13 * _line(x, 0.035) * (1 + 0.15 * np.sin(y * 95))
    for index in range(9):
        top = -0.33 + 0.068 * index
        back = top + chest.rib_slope * np.abs(x) ** 1.35 - 0.06 * _line(np.abs(x) - 0.05, 0.063)
        bones += 0.075 * _line(y - back, 0.011) * (np.abs(x) < 0.40) * (0.35 + 0.65 * lungs)
        front = top + 0.10 - 0.38 * (0.40 - np.abs(x))
        bones += 0.030 * _line(y - front, 0.012) * lungs * (np.abs(x) > 0.12)
    clavicle = -0.335 - 0.12 * (np.abs(x) - 0.05)
    bones += 0.13 * _line(y - clavicle, 0.014) * (np.abs(x) > 0.04) * (np.abs(x) < 0.36)
    trachea = _line(x, 0.016) * (y < -0.16)
    drawn: Floats = bones - 0.13 * trachea
    return drawn


def _heart(chest: Chest, x: Floats, y: Floats, scale: float) -> Floats:
    width, turn = chest.heart * scale, 0.45
    across, down = x - 0.045, y - 0.13
    u, v = across * np.cos(turn) + down * np.sin(turn), -across * np.sin(turn) + down * np.cos(turn)
    heart = 0.34 * _soft_edge(np.hypot(u / (width * 1.15), v / (width * 0.95)), 0.22)
    knob = 0.12 * _soft_edge(np.hypot((x - 0.045) / 0.04, (y + 0.14) / 0.045), 0.3)
    mediastinum = 0.11 * _line(x, 0.055) * (y < 0.2) * (y > -0.3)
    drawn: Floats = heart + knob + mediastinum
    return drawn


def _vessels(chest: Chest, x: Floats, y: Floats) -> Floats:
    """Return branching-looking texture that thins out from the hila."""
    fine = ndimage.gaussian_filter(np.random.default_rng(chest.seed).normal(0, 1, x.shape), 2.2)
    from_hilum = np.exp(-np.hypot(np.abs(x) - 0.08, y) / 0.13)
    drawn: Floats = np.clip(fine / fine.std(), 0, 3) * from_hilum * 1.3 + 1.6 * from_hilum**3
    return drawn


def _opacity(disease: Disease, chest: Chest, x: Floats, y: Floats) -> Floats:
    if disease.kind == "none" or disease.severity <= 0:
        return np.zeros_like(x)
    rng = np.random.default_rng(chest.seed + 1)
    if disease.kind == "covid":
        clouds = ndimage.gaussian_filter(rng.normal(0, 1, x.shape), 22)
        clouds = clouds / clouds.std() + 3.5 * ndimage.gaussian_filter(rng.normal(0, 1, x.shape), 7)
        place = 1.1 * (np.abs(x) - 0.16) / 0.12 + 1.6 * (y + 0.05) / 0.25
        reach = _soft_edge(2.6 - 2.6 * disease.severity - 0.55 * place - 0.5 * clouds, 1.2)
        return (0.10 + 0.30 * disease.severity) * reach
    side = 1 if rng.random() < 0.5 else -1
    if disease.kind == "lobar":
        middle = rng.uniform(-0.10, 0.15)
        return 0.38 * disease.severity * _soft_edge(np.hypot((x - side * 0.22) / 0.13, (y - middle) / 0.12), 0.35)
    level = 0.24 - 0.20 * disease.severity - 0.9 * np.clip(np.abs(x) - 0.15, 0, 1) ** 2
    return 0.42 * _soft_edge(1 - (y - level) * 14, 0.4) * (x * side > 0.03)


def _leads(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Return monitoring leads and, in some, a tube: what lies on the chest of the ill."""
    total = np.zeros_like(x)
    for _ in range(int(rng.integers(2, 5))):
        spot_x, spot_y = rng.uniform(-0.3, 0.3), rng.uniform(-0.25, 0.2)
        total += 0.25 * _soft_edge(np.hypot(x - spot_x, y - spot_y) / 0.013, 0.3)
        bend = spot_x + 0.25 * (y - spot_y) * rng.uniform(-1, 1) + 0.03 * np.sin((y - spot_y) * 9)
        total += 0.10 * _line(x - bend, 0.0035) * (y > spot_y)
    if rng.random() < 0.4:
        total += 0.16 * _line(np.abs(x - 0.004) - 0.009, 0.0035) * (y < -0.12)
    return total
