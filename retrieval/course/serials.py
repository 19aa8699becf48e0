"""Scans of one patient in an index, and the pairs of them: what courses are compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.case import Case
from scankin.retrieval.course.days import day_columns
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.measures import MEASURES
from scankin.retrieval.scan import View

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]


def tolerance_days(gap: int) -> int:
    """Return how far two gaps in days may differ and still be alike: a quarter, at least a day."""
    return max(1, round(gap / 4))


@dataclass(frozen=True, eq=False)
class Pairs:
    """Two scans of one patient, of different pictures, both frontal or both lateral, with their days known.

    Attributes:
        later, earlier: ``[m]``: their rows in the index.
        gaps: ``[m]`` int64: days from the earlier to the later, 0 or more; two of one day make one pair.
        patients: ``[m]`` int64: number of the patient.
        cosines: ``[m]``: of the two.
    """

    later: Rows
    earlier: Rows
    gaps: Rows
    patients: Rows
    cosines: Floats

    def nearest(self, gap: int, of: Rows, values: Floats, among: NDArray[np.bool_]) -> tuple[Rows, Floats]:
        """Return for each group the mean value of its pairs nearest to a gap, of those alike (``tolerance_days``).

        Args:
            gap: In days.
            of: ``[m]``: the group of each pair.
            values: ``[m]``.
            among: ``[m]``: pairs that count.

        Returns:
            The groups that have such a pair, rising, and a value for each.
        """
        apart = np.abs(self.gaps - gap)
        rows = np.flatnonzero(among & (apart <= tolerance_days(gap)))
        if not rows.size:
            return np.empty(0, np.int64), np.empty(0)
        groups, number = np.unique(of[rows], return_inverse=True)
        least = np.full(len(groups), np.iinfo(np.int64).max)
        np.minimum.at(least, number, apart[rows])
        is_nearest = apart[rows] == least[number]
        sums = np.bincount(number[is_nearest], values[rows[is_nearest]], len(groups))
        return groups, sums / np.bincount(number[is_nearest], minlength=len(groups))


class Serials:
    """What time and severity an index knows of its scans, laid out when first asked for. Safe from several threads."""

    def __init__(self, index: ScanIndex, cases: Mapping[str, Case]) -> None:
        """Take an index and the cases of its patients by key."""
        self._index = index
        self._cases = cases

    @cached_property
    def days(self) -> Floats:
        """``[n, 3]``: days of each scan since each anchor (``days.day_columns``)."""
        return day_columns(self._index.records, self._cases)

    @cached_property
    def measures(self) -> Mapping[str, Floats]:
        """``[n]`` of every severity measure that any scan has; NaN where it was not read."""
        held = {
            name: np.array([record.measures.get(name, np.nan) for record in self._index.records], np.float64)
            for name in MEASURES
        }
        return {name: values for name, values in held.items() if not np.isnan(values).all()}

    @cached_property
    def pairs(self) -> Pairs:
        """Every pair of scans of one patient."""
        records = self._index.records
        by_patient: dict[tuple[str, bool], list[int]] = {}
        for row, record in enumerate(records):
            if record.day is not None:
                by_patient.setdefault((record.patient, record.view is View.LATERAL), []).append(row)
        numbers = {patient: number for number, patient in enumerate(sorted({name for name, _ in by_patient}))}
        found = []
        for (patient, _), rows in by_patient.items():
            rows.sort(key=lambda row: (records[row].day or 0, records[row].scan))
            found += [
                (later, earlier, (records[later].day or 0) - (records[earlier].day or 0), numbers[patient])
                for place, later in enumerate(rows)
                for earlier in rows[:place]
                if records[later].pixel_hash != records[earlier].pixel_hash
            ]
        later, earlier, gaps, patients = np.array(found, np.int64).reshape(-1, 4).T
        return Pairs(later, earlier, gaps, patients, _cosines(self._index.vectors, later, earlier))


def _cosines(vectors: NDArray[np.float32], later: Rows, earlier: Rows) -> Floats:
    """Return ``[m]``, some thousands at a time: all rows of both sides at once could be larger than the index."""
    parts = [
        np.einsum("ij,ij->i", vectors[later[at : at + 8192]], vectors[earlier[at : at + 8192]], dtype=np.float64)
        for at in range(0, len(later), 8192)
    ]
    cosines: Floats = np.clip(np.concatenate([np.empty(0), *parts]), -1.0, 1.0)
    return cosines
