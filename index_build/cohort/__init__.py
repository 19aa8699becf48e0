"""A constructed cohort in the NCCID layout: no film and no patient of it is real."""

from collections.abc import Callable
from pathlib import Path

from scankin.index_build.cohort.tree import ConstructAccount, HeldOut, write_held_out, write_tree

__all__ = ["ConstructAccount", "HeldOut", "construct", "held_out_patient"]


def construct(
    into: Path,
    *,
    patients: int,
    seed: int,
    centres: int = 25,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> ConstructAccount:
    """Write a cohort under ``into/training`` and return what was written; the same seed gives the same bytes.

    Patient i depends on the seed and i alone, so a larger cohort begins with the smaller one.

    Raises:
        CasebookError: ``into`` is not empty.
    """
    return write_tree(into, patients=patients, seed=seed, centres=centres, progress=progress)


def held_out_patient(into: Path, *, seed: int) -> HeldOut:
    """Write one film of a new patient of the same kind, who is in no cohort, and return where and how ill."""
    return write_held_out(into, seed=seed)
