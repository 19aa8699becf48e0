"""What differs between a source as it was ingested before and as it is listed now."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from scankin.index_build.casebook import Casebook
from scankin.retrieval.errors import Reason

_OUT_OF_REACH = frozenset({Reason.UNREADABLE_FILE.value, Reason.UNREACHABLE.value})


@dataclass(frozen=True)
class Changes:
    """Patients and studies by key; all empty for a first ingest.

    Attributes:
        new: Patients who were not there.
        corrected: Patients whose case, fields or scans differ.
        vanished: Patients who are listed no more: withdrawn at the source, unless something of theirs could not be
            listed.
        vanished_studies: Studies that are listed no more, of patients who still are.
    """

    new: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    vanished_studies: tuple[str, ...] = ()


def changes(book: Casebook, source: str, made: Mapping[str, pa.Table]) -> Changes:
    """Return what differs between what a casebook holds of a source and the new tables of the same source."""
    if source not in book.sources:
        return Changes()
    old = {
        name: table.filter(pc.equal(pc.field("source"), source)) for name, table in book.tables.items() if name in made
    }
    before, after = _by_patient(old), _by_patient(made)
    unlisted = {row["patient"] for row in made["refusals"].to_pylist() if row["reason"] in _OUT_OF_REACH}
    studies_before, studies_after = _studies(old["scans"]), _studies(made["scans"])
    vanished = before.keys() - after.keys() - unlisted
    return Changes(
        new=tuple(sorted(after.keys() - before.keys())),
        corrected=tuple(
            sorted(patient for patient in before.keys() & after.keys() if before[patient] != after[patient])
        ),
        vanished=tuple(sorted(vanished)),
        vanished_studies=tuple(
            sorted(
                study
                for study, patient in studies_before.items()
                if study not in studies_after and patient in after and patient not in unlisted
            )
        ),
    )


def _by_patient(tables: Mapping[str, pa.Table]) -> dict[str, int]:
    """Return a digest of all that is known of each patient."""
    digests: dict[str, int] = defaultdict(int)
    for name in ("cases", "fields", "scans"):
        table = tables[name].drop_columns(["source"])
        for batch in table.to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                # a sum does not depend on the order of the rows
                digests[row["patient"]] += hash(json.dumps(row, default=_plain, sort_keys=True))
    return dict(digests)


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _studies(scans: pa.Table) -> dict[str, str]:
    pairs = zip(scans["study"].to_pylist(), scans["patient"].to_pylist(), strict=True)
    return {study: patient for study, patient in pairs if study is not None}
