"""The rows that one source gives a casebook."""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from scankin.index_build.casebook import TABLES, Casebook
from scankin.index_build.importers import Refusal, SourceCase, SourceScan
from scankin.index_build.readings import Reading
from scankin.retrieval.case import Case, Clock, EventKind
from scankin.retrieval.clinical.stated import known
from scankin.retrieval.errors import Reason
from scankin.retrieval.keys import Keyring
from scankin.retrieval.records import ScanRecord, cases_table

_ORDER = {
    "scans": ["scan"],
    "cases": ["patient"],
    "aliases": ["alias", "patient"],
    "fields": ["patient", "version", "field"],
    "contradictions": ["patient", "kind", "scan", "message"],
    "refusals": ["source", "source_id", "reason", "message"],
    "readings": ["source", "source_id"],
}
"""How the rows of each table are sorted; ``tombstones`` are of no source."""

_WITHDRAWN = "Its patient was withdrawn."


class SourceTables:
    """Collects the rows of one source.

    Attributes:
        refusals: All of them.
        scans: Rows of ``scans``.
        cases: By the source's patient id; withdrawn patients left out.
    """

    def __init__(
        self, source: str, keyring: Keyring, cases: Mapping[str, SourceCase], tombstones: frozenset[str]
    ) -> None:
        self._source = source
        self._keyring = keyring
        self._tombstones = tombstones
        self.source_cases = {
            patient_id: case
            for patient_id, case in cases.items()
            if not any(self.is_withdrawn(known_as) for known_as in (patient_id, *case.other_ids))
        }
        self.cases = {patient_id: self._case(case) for patient_id, case in self.source_cases.items()}
        self.scans: list[dict[str, Any]] = []
        self.refusals: list[Refusal] = []
        self._contradictions = [
            {"source": source, "patient": self.cases[patient_id].patient, "kind": c.kind.value, "message": c.message}
            for patient_id, case in self.source_cases.items()
            for c in case.contradictions
        ]

    def is_withdrawn(self, patient_id: str | None) -> bool:
        """Return whether a tombstone stands for this patient."""
        if not patient_id or not self._tombstones:
            return False
        key = self._keyring.patient(self._source, patient_id)  # patients taken out by key alone
        return bool({self._keyring.tombstone(patient_id), self._keyring.tombstone(key)} & self._tombstones)

    def add(self, item: SourceScan, reading: Reading) -> None:
        """Take a scan that was read: it becomes a row, or a refusal."""
        if reading.reason is None and item.complete is not None:
            completed = item.complete(reading.study_day, reading.view)
            if isinstance(completed, Refusal):
                self.refuse(completed)
                return
            item = completed
        case = self.source_cases[item.patient_id]
        if reading.reason is not None:
            self.refuse(
                Refusal(
                    item.collection,
                    item.source_id,
                    reading.reason,
                    reading.message,
                    item.patient_id,
                    item.site or case.site,
                    item.cohort,
                )
            )
            return
        record = self._record(item, reading, self.cases[item.patient_id])
        study = None if item.study_id is None else self._keyring.study(self._source, item.study_id)
        self.scans.append(
            {
                **record.row(),
                "source": self._source,
                "source_id": item.source_id,
                "files": list(item.files),
                "study": study,
                "cohort": item.cohort,
                "device": item.device,
                "origin": item.origin,
            }
        )
        self._contradictions += [
            {
                "source": self._source,
                "patient": record.patient,
                "scan": record.scan,
                "kind": one.kind.value,
                "message": one.message,
            }
            for one in item.contradictions
        ]

    def refuse(self, refusal: Refusal) -> None:
        """Take a refusal; of a withdrawn patient's item only a keyed hash is kept."""
        if refusal.reason is Reason.WITHDRAWN or self.is_withdrawn(refusal.patient_id):
            mark = self._keyring.mark(refusal.source_id)
            refusal = Refusal(refusal.collection, mark, Reason.WITHDRAWN, _WITHDRAWN)
        self.refusals.append(refusal)

    def tables(self, readings: Mapping[str, tuple[str, Reading, str]]) -> dict[str, pa.Table]:
        """Return all rows as tables.

        Args:
            readings: Stamp, reading and patient id by the source's id of the scan.
        """
        source = {"source": self._source}
        cases = cases_table(sorted(self.cases.values(), key=lambda case: case.patient))
        sites = {self.cases[patient_id].patient: case.site for patient_id, case in self.source_cases.items()}
        rows = {
            "scans": self.scans,
            "aliases": list(self._aliases()),
            "contradictions": self._contradictions,
            "refusals": [
                {
                    **source,
                    "source_id": r.source_id,
                    "collection": r.collection,
                    "reason": r.reason.value,
                    "message": r.message,
                    "patient": r.patient_id and self._keyring.patient(self._source, r.patient_id),
                    "case_site": r.site,
                    "cohort": r.cohort,
                }
                for r in self.refusals
            ],
            "readings": [
                {
                    **source,
                    "source_id": source_id,
                    "stamp": stamp,
                    "reading": reading.to_json(),
                    "patient": self._keyring.patient(self._source, patient_id),
                }
                for source_id, (stamp, reading, patient_id) in readings.items()
            ],
        }
        cases = cases.append_column(
            TABLES["cases"].field("source"), pa.array([self._source] * len(cases), pa.string())
        ).append_column(
            TABLES["cases"].field("case_site"),
            pa.array([sites[patient] for patient in cases["patient"].to_pylist()], pa.string()),
        )
        made = {name: pa.Table.from_pylist(held, schema=TABLES[name]) for name, held in rows.items()}
        return {"cases": cases, "fields": self._fields(), **made}

    def _fields(self) -> pa.Table:
        """Return the clinical fields, column by column: a cohort has a million of them."""
        columns: dict[str, list[Any]] = {name: [] for name in TABLES["fields"].names}
        for patient_id, case in self.source_cases.items():
            patient = self.cases[patient_id].patient
            columns["patient"] += [patient] * len(case.fields)
            for name in ("version", "is_current", "field", "raw", "flag", "value", "unit", "unit_source", "operator"):
                columns[name] += [getattr(field, name) for field in case.fields]
        columns["source"] = [self._source] * len(columns["patient"])
        return pa.table(columns, schema=TABLES["fields"])

    def _case(self, case: SourceCase) -> Case:
        return Case(
            patient=self._keyring.patient(self._source, case.patient_id),
            collection=case.collection,
            clock=case.clock,
            events=case.events,
            last_seen_alive=case.last_seen_alive,
            facts=case.facts,
        )

    def _aliases(self) -> Iterator[dict[str, str]]:
        for patient_id, case in self.source_cases.items():
            for alias in {self._keyring.alias(known_as) for known_as in (patient_id, *case.other_ids)}:
                yield {"alias": alias, "patient": self.cases[patient_id].patient, "source": self._source}

    def _record(self, item: SourceScan, reading: Reading, case: Case) -> ScanRecord:
        modality = item.modality or reading.modality
        if modality is None:
            raise ValueError(f"{item.source_id}: a reading without a modality cannot be.")
        day = item.day
        if day is None and case.clock is Clock.CALENDAR:
            day = reading.study_day
        admitted = case.day_of(EventKind.ADMISSION)
        return ScanRecord(
            scan=self._keyring.scan(self._source, item.source_id),
            patient=case.patient,
            collection=item.collection,
            modality=modality,
            view=reading.view or item.view,
            sex=item.sex or reading.sex,
            age=item.age or reading.age,
            site=item.site,
            day=day,
            days_since_admission=None if day is None or admitted is None else day - admitted,
            findings=item.findings,
            measures=item.measures,
            facts=known({**reading.facts, **item.facts}),
            pixel_hash=reading.pixel_hash,
            fingerprint=reading.fingerprint,
        )


def merged(book: Casebook, name: str, made: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the casebook's tables with the rows of one source replaced, sorted as if ingested at once."""
    tables = {"tombstones": book.tables["tombstones"]}
    for table, columns in _ORDER.items():
        others = book.tables[table].filter(pc.not_equal(pc.field("source"), name))
        joined = pa.concat_tables([others, made[table].cast(TABLES[table])])
        tables[table] = joined.sort_by([(column, "ascending") for column in columns])
    return tables
