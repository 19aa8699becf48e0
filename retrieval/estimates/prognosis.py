"""How far a scan lies along the direction of the vectors in which an outcome changes: a prognostic score."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.arrays import packed, unpacked
from scankin.retrieval.errors import StoreCorrupt
from scankin.retrieval.scan import Modality

FORMAT = "scankin.prognosis/1"


@dataclass(frozen=True, eq=False)
class Prognosis:
    """One outcome's score (Hansen 2008, Biometrika 95:481), in standard deviations of the index's scores.

    Attributes:
        direction: ``[dim]`` float32.
        offset: Added to the product of a unit vector and the direction.
        scores: ``[n]`` float32: of every scan of the index, fitted without the scan's own patient, since a score that
            knows the patient's outcome would let it weigh more than one of a new patient's can.
    """

    direction: NDArray[np.float32]
    offset: float
    scores: NDArray[np.float32]

    def of(self, vector: NDArray[np.floating]) -> float:
        """Return the score of one unit vector ``[dim]``."""
        return float(vector @ self.direction) + self.offset


Prognoses = Mapping[Modality, Mapping[str, Prognosis]]
"""By modality and outcome."""


def prognoses_bytes(prognoses: Prognoses) -> bytes:
    """Return the file of all scores, the same for the same values."""
    offsets = {
        modality.name: {name: one.offset for name, one in by_name.items()} for modality, by_name in prognoses.items()
    }
    arrays: dict[str, NDArray[np.generic]] = {}
    for modality, by_name in prognoses.items():
        for name, one in by_name.items():
            arrays[f"{modality.name}.{name}.direction"] = one.direction
            arrays[f"{modality.name}.{name}.scores"] = one.scores
    return packed({"format": FORMAT, "offsets": offsets}, arrays)


def prognoses_of(data: bytes, version: str) -> Prognoses:
    """Return the scores of the bytes of their file.

    Raises:
        StoreCorrupt: It is not a file of this format.
    """
    try:
        with unpacked(data, FORMAT, f"{version}: the file of scores") as (head, held):
            return {
                Modality[modality]: {
                    name: Prognosis(held[f"{modality}.{name}.direction"], offset, held[f"{modality}.{name}.scores"])
                    for name, offset in offsets.items()
                }
                for modality, offsets in head["offsets"].items()
            }
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise StoreCorrupt(f"{version}: its prognostic scores cannot be read. Roll back or rebuild.") from error
