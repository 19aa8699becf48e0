"""How alike patients are in something other than the picture, and how much that counts in their order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Likeness:
    """Likeness of one query to every scan of an index in one respect.

    Attributes:
        name: Of the respect, as in reports.
        weight: What full likeness adds to the cosine when patients are ordered; at least 0.
        values: ``[n]`` float64 in [0, 1], row by row with the index; NaN where it cannot be told, which counts as 0:
            what is not known never makes a patient alike.
    """

    name: str
    weight: float
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        known = self.values[~np.isnan(self.values)]
        if self.weight < 0 or (known.size and (known.min() < 0 or known.max() > 1)):
            raise ValueError(f"{self.name}: likeness is within 0 and 1, and its weight is not negative.")

    def of(self, row: int) -> float | None:
        """Return the likeness to one scan; None where it cannot be told."""
        value = float(self.values[row])
        return None if np.isnan(value) else value


def added(likenesses: Sequence[Likeness]) -> NDArray[np.float64] | None:
    """Return ``[n]``: what all respects add to the cosines; None where none counts."""
    counting = [one.weight * np.nan_to_num(one.values) for one in likenesses if one.weight > 0]
    return np.sum(counting, axis=0) if counting else None
