"""Where the lungs are on a chest film, found by a small network: for cropping, and for auditing what was looked at."""

from scankin.models.lungs.locate import LungBox, lung_box, lung_mask

__all__ = ["LungBox", "lung_box", "lung_mask"]
