"""How much body and how much air lie in the beam at each place of a film."""

import numpy as np

from scankin.index_build.construct.anatomy import (
    APEX,
    Anatomy,
    Floats,
    cage_half_depth,
    cage_half_width,
    dome,
    ellipsoid,
    inner_edge,
)
from scankin.index_build.construct.canvas import Canvas
from scankin.index_build.construct.pose import Pose


def body_thickness(chest: Anatomy, pose: Pose, canvas: Canvas) -> Floats:
    """Return ``[height, width]`` cm of body, lungs included: trunk, neck, shoulders, arms, breasts."""
    x, y = canvas.x, canvas.y
    wide = chest.half_width_cm
    half = cage_half_width(chest, y) + chest.wall_cm * np.clip(0.6 + y / 12, 0.6, 1) + 0.6
    half = np.where(y > 0, half, APEX * wide + 0.6 * chest.wall_cm)
    deep = 2 * (cage_half_depth(chest, y) + 1.0 + 0.5 * chest.wall_cm)
    trunk = deep * np.sqrt(np.clip(1 - np.abs(x / half) ** 2.5, 0, None)) * np.clip((y + 5) / 5, 0, 1)
    neck = 10.5 * np.clip(1 - (x / 6.2) ** 2, 0, None) ** 0.8 * np.clip((4 - y) / 4, 0, 1)
    slope = -5.5 + 0.46 * np.clip(np.abs(x) - 4.5, 0, None) + 0.006 * np.clip(np.abs(x) - 9, 0, None) ** 2.2
    reach = 1.45 * wide + 3.2
    girdle = 13.5 * np.sqrt(np.clip((y - slope) / 6, 0, 1)) * np.clip((reach - np.abs(x)) / 2.2, 0, 1) ** 0.5
    girdle = girdle * np.clip((15 - y) / 12, 0, 1)
    arm_middle = 1.42 * wide + 0.22 * wide * np.clip(y - 3, 0, None) / 24
    arm = 11.0 * np.sqrt(np.clip(1 - ((np.abs(x) - arm_middle) / 4.1) ** 2, 0, None)) * np.clip((y - 2) / 6, 0, 1)
    body = np.maximum(np.maximum(trunk, neck), np.maximum(girdle, arm))
    if chest.breast_cm:
        body = body + _breasts(chest, pose, x, y)
    return np.asarray(body, dtype=np.float32)


def _breasts(chest: Anatomy, pose: Pose, x: Floats, y: Floats) -> Floats:
    """Discs over the lower lungs whose lower rim is sharp; lying down they slide outwards and flatten."""
    radius = chest.breast_cm
    out, down = (0.72, 0.60) if pose.is_ap else (0.60, 0.66)
    centre_y = down * chest.lung_height_cm
    depth = 0.8 * radius * (0.7 if pose.is_ap else 1.0)
    total = np.zeros((y.shape[0], x.shape[1]), np.float32)
    for sign in (-1, 1):
        u = (x - sign * out * chest.half_width_cm) / radius
        v = (y - centre_y) / radius
        radial = np.clip(1 - u**2 - v**2, 0, None)
        # pendulous: thickest and sharpest below, tapering into the chest wall above
        total += depth * np.sqrt(radial) * np.clip(0.5 + 0.7 * v, 0, 1)
    return total


def air_thickness(chest: Anatomy, pose: Pose, canvas: Canvas) -> Floats:
    """Return ``[height, width]`` cm of healthy lung in the beam; its edges are heart, mediastinum, wall, diaphragm."""
    x, y = canvas.x, canvas.y
    turned = x - np.float32(0.35 * pose.rotation_cm)
    half = np.maximum(cage_half_width(chest, y), np.float32(0.01))
    cage = 2 * cage_half_depth(chest, y) * np.sqrt(np.clip(1 - np.abs(turned / half) ** 2.3, 0, None)) * (y > 0)
    cage *= np.clip(np.abs(turned) - inner_edge(chest, y), 0, 1.1) / np.float32(1.1)
    air = np.clip(cage - organ_thickness(chest, pose, canvas), 0, None)
    level = dome(chest, x, pose.lift_cm)
    # the lung reaches behind the dome into the recess, ever thinner
    behind = np.float32(0.13) * np.exp(np.clip((level - y) / 2.5, -8, 0))
    return np.asarray(air * np.where(y < level, np.float32(1), behind), dtype=np.float32)


def organ_thickness(chest: Anatomy, pose: Pose, canvas: Canvas) -> Floats:
    """Return ``[height, width]`` cm of heart and great vessels."""
    x, y = canvas.x, canvas.y
    shift = 0.7 * pose.rotation_cm
    floor = chest.lung_height_cm - pose.lift_cm + 0.6 * chest.left_drop_cm
    size = chest.heart_cm * pose.heart_scale / 12.5
    tilt = max(chest.heart_tilt - 0.05 * pose.lift_cm, 0.2)
    # two thirds of the heart lie left of the midline
    main = ellipsoid(x, y, (2.4 * size + shift, floor + 1.0 - 4.4 * size), (7.2 * size, 5.2 * size, 6.8 * size), tilt)
    atrium = ellipsoid(x, y, (-1.2 * size + shift, floor + 0.6 - 5.0 * size), (3.2 * size, 5.4 * size, 5.4), 0.1)
    outflow = ellipsoid(x, y, (1.4 + 0.5 * shift, floor - 10.5), (2.3 * size, 5.0, 3.6), -0.2)
    knob = ellipsoid(
        x, y, (1.9 + 0.3 * shift, 0.27 * floor), (chest.knob_cm, chest.knob_cm * 1.15, 1.9 * chest.knob_cm), 0
    )
    cava = ellipsoid(x, y, (-1.4 + 0.6 * shift, 0.36 * floor), (1.9, 7.0, 3.4), 0)
    hilum_right = ellipsoid(x, y, (-3.1 + 0.5 * shift, 0.47 * floor), (1.5, 2.9, 1.9), 0.25)
    hilum_left = ellipsoid(x, y, (3.2 + 0.5 * shift, 0.43 * floor), (1.5, 2.4, 2.0), -0.35)
    middle = 1.9 + 0.25 * chest.knob_cm + 0.4 * np.sin(y / 9)
    across = np.clip(1 - ((x - middle) / 1.25) ** 2, 0, None)
    descending = 2.5 * np.sqrt(across) * np.clip((y - 0.27 * floor) / 1.5, 0, 1)
    thickness = descending
    for organ in (main, atrium, outflow, knob, cava, hilum_right, hilum_left):
        thickness = np.maximum(thickness, organ)
    return np.asarray(thickness, dtype=np.float32)


def gas_thickness(chest: Anatomy, pose: Pose, canvas: Canvas) -> Floats:
    """Return ``[height, width]`` cm of gas outside the lungs: windpipe, main bronchi, stomach, bowel."""
    x, y = canvas.x, canvas.y
    rng = np.random.default_rng([chest.seed, 2])
    shift = 0.5 * pose.rotation_cm
    carina = 0.34 * chest.lung_height_cm
    middle = 0.35 * np.exp(-(((y - 0.27 * chest.lung_height_cm) / 3) ** 2)) * -1.4 + shift
    pipe = 1.9 * np.sqrt(np.clip(1 - ((x - middle) / 0.88) ** 2, 0, None)) * (y < carina) * (y > -7)
    right = ellipsoid(x, y, (-1.6 + shift, carina + 1.6), (2.2, 0.62, 0.6), np.pi - 0.95)
    left = ellipsoid(x, y, (2.0 + shift, carina + 1.3), (2.6, 0.55, 0.52), 0.55)
    bubble_y = chest.lung_height_cm - pose.lift_cm + chest.left_drop_cm + rng.uniform(1.8, 3.2)
    radii = (rng.uniform(1.6, 3.6), rng.uniform(0.9, 1.9), rng.uniform(0.8, 2.2))
    bubble = ellipsoid(x, y, (rng.uniform(4.5, 7), bubble_y), radii, rng.normal(0, 0.2))
    if not pose.is_ap:
        bubble = bubble * (y < bubble_y + 0.5)  # upright, fluid levels off
    gas = np.maximum(np.maximum(pipe, right), left) + bubble
    for _ in range(int(rng.integers(1, 5))):
        centre = (rng.uniform(3, 10), chest.lung_height_cm + rng.uniform(5, 10))
        gas = gas + ellipsoid(x, y, centre, (rng.uniform(0.8, 2), rng.uniform(0.5, 1.0), 0.7), rng.normal(0, 0.5))
    return np.asarray(gas, dtype=np.float32)
