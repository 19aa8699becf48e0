"""One invented chest in centimetres, from which films and CT volumes are drawn. NO REAL PATIENT is described here.

Coordinates everywhere in this package: ``x`` grows towards the patient's left, ``y`` towards the feet with 0 at the top
of the lungs, ``z`` towards the back with 0 midway between breastbone and spine. All in centimetres.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

GROWN_YEARS = 17

APEX = 0.36
"""Where the top of the lung lies between midline and the widest point of the chest, as a share of the half width."""


@dataclass(frozen=True)
class Anatomy:
    """The shape of one chest.

    Attributes:
        is_female: Draws breast shadows and a smaller frame.
        half_width_cm: Greatest inner half width of the rib cage, 11 to 15.5.
        half_depth_cm: Greatest inner half depth, 8 to 12.
        lung_height_cm: Top of the lung to the right dome of the diaphragm in full inspiration, 19 to 26.
        dome_height_cm: Depth of the costophrenic angle below the dome, 2 to 4.5.
        left_drop_cm: How much lower the left dome stands, 0.4 to 2.
        shoulder: Fullness of the upper chest, 1.7 (narrow) to 2.6 (barrel).
        wall_cm: Muscle and fat around the cage, 1.5 to 5.
        heart_cm: Transverse diameter of the heart on a PA film; healthy hearts take 0.40 to 0.50 of the chest.
        heart_tilt: Angle of the long axis below the horizontal, radians.
        knob_cm: Radius of the aortic arch seen end on; grows with age.
        rib_slope: Fall of a rib from back to front, centimetres per centimetre.
        clavicle_rise_cm: Height of the outer end of the clavicle above the inner one.
        curve_cm: Sideways bow of the spine, signed.
        breast_cm: Radius of the breast shadow, 0 for none.
        seed: Of the parts no number describes: vessels, texture, gas.
    """

    is_female: bool
    half_width_cm: float
    half_depth_cm: float
    lung_height_cm: float
    dome_height_cm: float
    left_drop_cm: float
    shoulder: float
    wall_cm: float
    heart_cm: float
    heart_tilt: float
    knob_cm: float
    rib_slope: float
    clavicle_rise_cm: float
    curve_cm: float
    breast_cm: float
    seed: int


def anatomy_of(rng: np.random.Generator, *, is_female: bool, age: float) -> Anatomy:
    """Return a chest drawn at random for this sex and age in years; a child's is an adult's, smaller."""
    frame = rng.normal(0.93 if is_female else 1.0, 0.045)
    half_width = float(np.clip(13.6 * frame * rng.normal(1, 0.03), 11, 15.5))
    fat = float(np.clip(rng.gamma(4, 0.55), 0.5, 5))
    ageing = np.clip((age - 40) / 50, 0, 1)
    adult = Anatomy(
        is_female=is_female,
        half_width_cm=half_width,
        half_depth_cm=float(np.clip(9.6 * frame * rng.normal(1 + 0.08 * ageing, 0.06), 8, 12)),
        lung_height_cm=float(np.clip(22.8 * frame * rng.normal(1, 0.055), 19, 26)),
        dome_height_cm=float(np.clip(rng.normal(3.2, 0.5), 2, 4.5)),
        left_drop_cm=float(np.clip(rng.normal(1.1, 0.4), 0.4, 2)),
        shoulder=float(np.clip(rng.normal(2.15, 0.2), 1.7, 2.6)),
        wall_cm=float(np.clip(1.3 + 0.55 * fat, 1.5, 5)),
        heart_cm=2 * half_width * float(np.clip(rng.normal(0.44 + 0.04 * ageing, 0.03), 0.36, 0.58)),
        heart_tilt=float(rng.normal(0.62, 0.12)),
        knob_cm=float(np.clip(rng.normal(1.45 + 0.5 * ageing, 0.15), 1.1, 2.4)),
        rib_slope=float(np.clip(rng.normal(0.46, 0.06), 0.3, 0.62)),
        clavicle_rise_cm=float(rng.normal(3.4, 0.7)),
        curve_cm=float(rng.normal(0, 0.25 + 0.35 * ageing)),
        breast_cm=float(np.clip(rng.normal(5.2 + 0.5 * fat, 0.9), 4.2, 8.5)) if is_female else 0.0,
        seed=int(rng.integers(2**31)),
    )
    return adult if age >= GROWN_YEARS else _smaller(adult, 0.45 + 0.55 * age / GROWN_YEARS)


def _smaller(chest: Anatomy, share: float) -> Anatomy:
    """Return a chest with all its lengths scaled; children have no breast shadow."""
    lengths = {
        name: share * getattr(chest, name)
        for name in vars(chest)
        if name.endswith("_cm") and name not in ("breast_cm", "wall_cm")
    }
    return replace(chest, **lengths, wall_cm=max(share * chest.wall_cm, 1.0), breast_cm=0.0)


def at(y: float) -> Floats:
    """Return one height in the form that the profiles of this module take."""
    return np.array([y], dtype=np.float32)


def cage_half_width(chest: Anatomy, y: Floats) -> Floats:
    """Return the inner half width of the cage at heights ``y``; 0 above the top of the lungs."""
    rise = np.clip(y / (0.85 * chest.lung_height_cm), 0, 1)
    growth = (1 - (1 - rise) ** chest.shoulder) ** 0.62
    below = np.clip(y / chest.lung_height_cm - 1, 0, 1)
    width = chest.half_width_cm * (APEX + (1 - APEX) * growth - 0.06 * below)
    return np.where(y > 0, width, 0).astype(np.float32)


def cage_half_depth(chest: Anatomy, y: Floats) -> Floats:
    """Return the inner half depth of the cage at heights ``y``; least at the top."""
    rise = np.clip(y / (0.6 * chest.lung_height_cm), 0, 1)
    return np.asarray(chest.half_depth_cm * (0.3 + 0.7 * rise**0.7), dtype=np.float32)


def inner_edge(chest: Anatomy, y: Floats) -> Floats:
    """Return how far from the midline lung begins: the upper mediastinum, widening to the tip of each lung."""
    tip = APEX * chest.half_width_cm
    return np.asarray(1.75 + (tip - 1.75) * np.clip(1 - y / 3.4, 0, 1) ** 1.8, dtype=np.float32)


def dome(chest: Anatomy, x: Floats, lift_cm: float) -> Floats:
    """Return the height ``y`` of the diaphragm at each ``x``; ``lift_cm`` is what a shallow breath leaves it higher."""
    width = chest.half_width_cm
    top = 0.5 * width
    offset = np.abs(x) - top
    outer = np.clip(offset / (width - top), 0, 1.3)
    inner = np.clip(-offset / top, 0, 1)
    fall = chest.dome_height_cm * (0.75 * outer**2 + 0.6 * outer**9 + 0.45 * inner**2)
    return (chest.lung_height_cm - lift_cm + fall + np.where(x > 0, chest.left_drop_cm, 0)).astype(np.float32)


def ellipsoid(
    x: Floats, y: Floats, centre: tuple[float, float], radii: tuple[float, float, float], tilt: float
) -> Floats:
    """Return the thickness along ``z`` of an ellipsoid whose first axis points ``tilt`` radians below the left.

    Args:
        x: ``[1, width]`` cm, ascending.
        y: ``[height, 1]`` cm, ascending.
        centre: ``(x, y)`` cm.
        radii: Along, across and through (``z``), cm.
        tilt: Radians.
    """
    cos, sin = float(np.cos(tilt)), float(np.sin(tilt))
    reach_x = float(np.hypot(radii[0] * cos, radii[1] * sin))
    reach_y = float(np.hypot(radii[0] * sin, radii[1] * cos))
    columns = slice(*np.searchsorted(x[0], (centre[0] - reach_x, centre[0] + reach_x)))
    rows = slice(*np.searchsorted(y[:, 0], (centre[1] - reach_y, centre[1] + reach_y)))
    off_x, off_y = x[:, columns] - np.float32(centre[0]), y[rows] - np.float32(centre[1])
    along = off_x * np.float32(cos / radii[0]) + off_y * np.float32(sin / radii[0])
    across = off_y * np.float32(cos / radii[1]) - off_x * np.float32(sin / radii[1])
    thickness = np.zeros((y.shape[0], x.shape[1]), np.float32)
    thickness[rows, columns] = np.float32(2 * radii[2]) * np.sqrt(np.clip(1 - along**2 - across**2, 0, None))
    return thickness
