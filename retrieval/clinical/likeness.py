"""How alike patients are in what the query states of its own: Gower's coefficient over the facts of an index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.clinical.fact import Kind
from scankin.retrieval.clinical.registry import FACTS
from scankin.retrieval.clinical.stated import middle_of, sex_value
from scankin.retrieval.records import ScanRecord

Floats = NDArray[np.float64]

NAME = "facts"
"""Of this likeness, as in reports."""

WHO = ("age", "sex")
"""Known of most scans: a version that holds no other fact has no facts."""

ROBUST = (5.0, 95.0)
"""Percentiles between which a number's range is taken: one writing error must not make everybody alike."""


def facts_of_record(record: ScanRecord) -> dict[str, float]:
    """Return the facts of an indexed scan's patient on its day, age and sex among them, in the order of ``FACTS``."""
    stated = {"age": middle_of(record.age), "sex": sex_value(record.sex), **record.facts}
    return {name: value for name in FACTS if (value := stated.get(name)) is not None}


@dataclass(frozen=True, eq=False)
class FactColumns:
    """The facts of every scan of one modality, in the order of the index.

    Attributes:
        scans: n, how many there are.
        values: ``[n]`` by name, NaN where not stated; names that no scan states are left out.
        spans: Width of a number's robust range by name, above 0; 0 where all of the index states one value.
    """

    scans: int
    values: Mapping[str, Floats]
    spans: Mapping[str, float]

    @property
    def has_facts(self) -> bool:
        """Whether any scan states more than age and sex."""
        return bool(set(self.values) - set(WHO))

    def stated(self, row: int) -> dict[str, float]:
        """Return the facts of one scan."""
        return {name: float(column[row]) for name, column in self.values.items() if not np.isnan(column[row])}

    def likeness(self, facts: Mapping[str, float]) -> Floats:
        """Return ``[n]`` in [0, 1]: the mean over the query's facts of how alike each scan's patient is in it.

        Gower (1971, Biometrics 27:857): one less the absolute difference over the range for a number, match or not for
        the rest; the range is the robust one, and beyond it nothing is less alike than 0. Unlike Gower's, a fact that
        is missing in the neighbour counts as not alike instead of being left out: else who states least would be most
        alike.

        Args:
            facts: Of the query; where there are none, every scan has NaN.
        """
        if not facts:
            return np.full(self.scans, np.nan)
        alike = [np.nan_to_num(self._alike(name, value)) for name, value in facts.items() if name in self.values]
        return np.sum(alike, axis=0) / len(facts) if alike else np.zeros(self.scans)

    def _alike(self, name: str, value: float) -> Floats:
        apart = np.abs(self.values[name] - value)
        if FACTS[name].kind is Kind.NUMBER and self.spans[name] > 0:
            return np.clip(1 - apart / self.spans[name], 0.0, 1.0)
        alike: Floats = np.where(np.isnan(apart), np.nan, (apart == 0).astype(np.float64))
        return alike


def fact_columns(records: Sequence[ScanRecord]) -> FactColumns:
    """Return the facts of records, row by row, and the robust ranges of their numbers over patients' scans."""
    held = [facts_of_record(record) for record in records]
    names = [name for name in FACTS if any(name in facts for facts in held)]
    values = {name: np.array([facts.get(name, np.nan) for facts in held]) for name in names}
    return FactColumns(len(held), values, {name: _span(column) for name, column in values.items()})


def _span(column: Floats) -> float:
    low, high = np.nanpercentile(column, ROBUST)
    return float(high - low)
