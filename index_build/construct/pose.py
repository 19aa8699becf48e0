"""How one film was taken: projection, breath, rotation, distance, field."""

from dataclasses import dataclass

import numpy as np

from scankin.index_build.construct.anatomy import Anatomy


@dataclass(frozen=True)
class Pose:
    """The circumstances of one exposure.

    Attributes:
        is_ap: Front to back, as in bed: larger heart, higher diaphragm, shoulder blades over the lungs.
        lift_cm: How much a shallow breath leaves the diaphragm higher.
        rotation_cm: Sideways shift of the front of the chest against the spine.
        tilt: Turn of the whole picture, radians.
        heart_scale: Magnification of the heart; AP about 1.15 (it lies far from the detector).
        offset_cm: Aim of the beam against the middle of the chest, ``(x, y)``.
        field_cm: Width and height of the exposed field.
        collimation_cm: Unexposed margin: left, right, top, bottom.
        scatter: Share of the signal that is haze, 0 to 0.5; greater without a grid.
        noise: Grain, in units of the signal of a bright film.
    """

    is_ap: bool
    lift_cm: float
    rotation_cm: float
    tilt: float
    heart_scale: float
    offset_cm: tuple[float, float]
    field_cm: tuple[float, float]
    collimation_cm: tuple[float, float, float, float]
    scatter: float
    noise: float


def pose_of(rng: np.random.Generator, chest: Anatomy, *, is_ap: bool, severity: float) -> Pose:
    """Return a pose drawn at random; the sicker the patient, the shallower the breath and the worse the position."""
    sick = severity if is_ap else 0.3 * severity
    collimated = rng.random(4) < 0.35
    margins = np.where(collimated, rng.uniform(0.2, 1.6, 4), 0.0)
    wide = is_ap and rng.random() < 0.6
    zoom = min(43.0, 2 * (chest.half_width_cm + chest.wall_cm) + rng.uniform(0.5, 5.0)) / 36
    field = (40.0, 34.0) if wide else (36.0, 40.0) if rng.random() < 0.5 else (37.0, 37.0)
    return Pose(
        is_ap=is_ap,
        lift_cm=float(max(0.0, rng.normal(2.2 + 1.8 * sick, 0.9) if is_ap else rng.normal(0.3 + sick, 0.4))),
        rotation_cm=float(rng.normal(0, 0.9 if is_ap else 0.25)),
        tilt=float(rng.normal(0, 0.045 if is_ap else 0.012)),
        heart_scale=float(rng.normal(1.15, 0.03)) if is_ap else 1.0,
        offset_cm=(float(rng.normal(0, 0.8)), float(rng.normal(0, 1.0))),
        field_cm=(field[0] * zoom, field[1] * zoom),
        collimation_cm=(float(margins[0]), float(margins[1]), float(margins[2]), float(margins[3])),
        scatter=float(rng.uniform(0.25, 0.42) if is_ap else rng.uniform(0.1, 0.22)),
        noise=float(rng.uniform(0.05, 0.11) if is_ap else rng.uniform(0.025, 0.05)),
    )
