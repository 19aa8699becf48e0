"""Who is one person: patients who have a picture in common are joined before anything is split or drawn."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from scankin.index_build.duplicates.finding import Duplicate
from scankin.retrieval.records import ScanRecord


def joined_people(
    records: Sequence[ScanRecord], duplicates: Iterable[Duplicate]
) -> tuple[NDArray[np.int64], tuple[tuple[str, str], ...]]:
    """Return the number of each film's person ``[n]``, and the pairs of patients (keys) whom a picture joined.

    Persons are numbered from 0 in the order of their patients' keys.
    """
    patients = sorted({record.patient for record in records})
    numbers = {patient: number for number, patient in enumerate(patients)}
    pairs = sorted({pair for one in duplicates for pair in (one.patients,) if len(set(pair)) > 1})
    ends = np.array([[numbers[a], numbers[b]] for a, b in pairs], np.int64).reshape(-1, 2)
    size = len(patients)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(size, size))
    _, person_of = connected_components(graph, directed=False)
    return np.array([person_of[numbers[record.patient]] for record in records], np.int64), tuple(pairs)
