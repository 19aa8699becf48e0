"""Whose film is whose: patients who share a picture are one, so that no part of a split knows another's."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.duplicates.listing import duplicates_of
from scankin.index_build.evaluate.people import joined_people
from scankin.index_build.vectors import VectorCache
from scankin.retrieval.errors import CasebookError
from scankin.retrieval.records import ScanRecord


def people_of(casebook: Path, records: Sequence[ScanRecord]) -> NDArray[np.int64]:
    """Return the number of each film's person ``[n]``.

    Raises:
        CasebookError: No index was built of the casebook yet, so that its films were not compared.
    """
    with VectorCache(casebook) as cache:
        if not {record.pixel_hash for record in records} <= cache.pixel_hashes():
            raise CasebookError(
                f"{casebook.name}: films that are one picture are not found yet. Build an index of it first, with any "
                "encoder: scankin-index build."
            )
        people, _ = joined_people(records, duplicates_of(casebook, records, cache))
    return people
