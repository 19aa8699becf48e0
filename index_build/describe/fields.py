"""How complete the clinical fields of patients' current records are, by centre, and how each was read."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from scankin.index_build.casebook import Casebook
from scankin.index_build.describe.disclosure import FEWEST, Grid, Table
from scankin.index_build.describe.rows import NOT_STATED, Rows
from scankin.index_build.field_values import Flag


@dataclass(frozen=True, eq=False)
class Completeness:
    """Fields of the records of one cohort.

    Attributes:
        cohort: Which; "not stated" where the collection has none.
        records: Patients with a current record.
        fields: Most complete first.
        overall: ``[fields]``, share of the records with a value.
        centres: Those of five patients or more, largest first.
        shares: ``[fields, centres]``, share of the centre's records with a value.
        left_out: Centres of fewer patients.
    """

    cohort: str
    records: int
    fields: tuple[str, ...]
    overall: NDArray[np.float64]
    centres: tuple[str, ...]
    shares: NDArray[np.float64]
    left_out: int


@dataclass(frozen=True, eq=False)
class FieldFacts:
    """All clinical fields.

    Attributes:
        completeness: One a cohort with records.
        flags: Records by field and by how the field was read; None without records.
    """

    completeness: tuple[Completeness, ...]
    flags: Table | None


def field_facts_of(book: Casebook, rows: Rows) -> FieldFacts:
    """Return how complete the current records are."""
    current = book.tables["fields"].filter(pc.field("is_current")).select(["patient", "field", "flag", "value"])
    records = set(pc.unique(current["patient"]).to_pylist())
    if not records:
        return FieldFacts((), None)
    filled: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)  # by cohort and field: patients by centre
    asked: dict[str, set[str]] = defaultdict(set)  # fields that a cohort's records have at all
    for patient, field, value in zip(
        current["patient"].to_pylist(),
        current["field"].to_pylist(),
        current["value"].is_valid().to_pylist(),
        strict=True,
    ):
        row = rows.patients[patient]
        asked[row.cohort].add(field)
        filled[row.cohort, field][row.centre] += value
    by_cohort: dict[str, Counter[str]] = defaultdict(Counter)
    for patient in records:
        by_cohort[rows.patients[patient].cohort][rows.patients[patient].centre] += 1
    cohorts = sorted(by_cohort, key=lambda name: (name == NOT_STATED, -len(asked[name]), name))
    return FieldFacts(
        tuple(
            _completeness(cohort, by_cohort[cohort], {name: filled[cohort, name] for name in asked[cohort]})
            for cohort in cohorts
        ),
        _flags(current["patient"].to_pylist(), current["field"].to_pylist(), current["flag"].to_pylist()),
    )


def _completeness(cohort: str, records: Mapping[str, int], filled: Mapping[str, Mapping[str, int]]) -> Completeness:
    total = sum(records.values())
    fields = sorted(filled, key=lambda name: (-sum(filled[name].values()), name))
    centres = [name for name in sorted(records, key=lambda name: (-records[name], name)) if records[name] >= FEWEST]
    shares = np.array([[filled[field].get(centre, 0) / records[centre] for centre in centres] for field in fields])
    return Completeness(
        cohort,
        total,
        tuple(fields),
        np.array([sum(filled[field].values()) / total for field in fields]),
        tuple(centres),
        shares.reshape(len(fields), len(centres)),
        len(records) - len(centres),
    )


def _flags(patients: Sequence[str], fields: Sequence[str], flags: Sequence[str]) -> Table:
    used = set(flags)
    names = [flag.value for flag in Flag if flag.value in used]
    grid = Grid.of("field", zip(fields, flags, patients, strict=True), columns=names, down=False, across=True)
    return Table(("field", *(name.replace("_", " ") for name in names)), grid.table().rows)
