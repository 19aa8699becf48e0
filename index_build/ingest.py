"""From a source to a casebook: every item becomes a scan or a refusal, every patient a case."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from scankin.index_build.casebook import TABLES, Casebook, Source, is_casebook
from scankin.index_build.importers import Refusal, SourceCase, SourceScan
from scankin.index_build.readings import Journal, Reading, read, stamp
from scankin.retrieval.case import Case, Clock, EventKind
from scankin.retrieval.errors import CasebookError, Reason, ScanError
from scankin.retrieval.keys import Keyring
from scankin.retrieval.parallel import in_parallel
from scankin.retrieval.reading import ReadingPool
from scankin.retrieval.records import ScanRecord, cases_table


class Reads(Protocol):
    """The ``read`` of an importer."""

    def __call__(self, root: Path) -> Iterable[SourceScan | SourceCase | Refusal]:
        """Yield every item of the source."""


Progress = Callable[[int, int], None]
"""Told how many scans are done, of how many."""


@dataclass(frozen=True)
class IngestAccount:
    """What went in and what came out.

    Attributes:
        items: Scans the source lists, with those it refused itself; always ``scans`` + ``refusals``.
        scans: In the casebook, by collection and modality.
        refusals: By collection and reason.
        patients: Cases in the casebook from this source.
        read: Scans whose pixels were read in this run; the others were known from before.
    """

    items: int
    scans: Mapping[tuple[str, str], int]
    refusals: Mapping[tuple[str, str], int]
    patients: int
    read: int


def ingest(
    importer: str,
    reads: Reads,
    root: Path,
    folder: Path,
    keyring: Keyring,
    *,
    name: str | None = None,
    workers: int,
    progress: Progress = lambda _done, _of: None,
) -> IngestAccount:
    """Read a source into a casebook, replacing what the casebook held of it, and return the account.

    Pixels are read in worker processes; readings are journalled as they come, so that an interrupted run resumes where
    it was, and kept, so that a second run of unchanged files reads none and writes the same tables.

    Args:
        importer: Name of the importer.
        reads: Its ``read``.
        root: The source's folder.
        folder: The casebook; made when it is not there.
        keyring: What keys are derived with; an existing casebook's own must be the same.
        name: How the casebook calls the source; the importer's name unless given.
        workers: Worker processes that read.
        progress: Told of every scan.

    Raises:
        CasebookError: The source is not what the importer reads, or the casebook was made with another key.
    """
    name = name or importer
    book = _open(folder, keyring)
    items, cases, refusals = _listed(reads, root)
    known = _known_readings(book, name)
    journal = Journal(folder / f".{name}.readings.ndjson")
    try:
        known |= {(source_id, seen): reading for source_id, seen, reading in journal.entries()}
        readings, stamps, count = _read_all(items, root, known, journal, workers, progress)
        made = _Tables(name, keyring, cases)
        for item in items:
            made.add(item, readings[item.source_id])
        for refusal in refusals:
            made.refuse(refusal)
        merged = _merged(book, name, made.tables(readings, stamps))
        source = Source(name, importer, str(root.resolve()), len(made.scans), len(cases), len(made.refusals))
        replace(book, tables=merged, sources={**book.sources, name: source}).save()
        journal.discard()
    finally:
        journal.close()
    return IngestAccount(
        items=len(items) + len(refusals),
        scans=Counter((row["collection"], row["modality"]) for row in made.scans),
        refusals=Counter((refusal.collection, refusal.reason.value) for refusal in made.refusals),
        patients=len(cases),
        read=count,
    )


def _open(folder: Path, keyring: Keyring) -> Casebook:
    if not is_casebook(folder):
        return Casebook(folder, keyring)
    book = Casebook.load(folder)
    if book.keyring != keyring:
        raise CasebookError(
            f"{folder.name}: it was made with another key, so its keys would not match. "
            "Set SCANKIN_KEY_FILE to that key (the casebook's own copy is secret.key)."
        )
    return book


def _listed(reads: Reads, root: Path) -> tuple[list[SourceScan], dict[str, SourceCase], list[Refusal]]:
    scans: list[SourceScan] = []
    cases: dict[str, SourceCase] = {}
    refusals: list[Refusal] = []
    for item in reads(root):
        if isinstance(item, SourceScan):
            scans.append(item)
        elif isinstance(item, SourceCase):
            cases[item.patient_id] = item
        else:
            refusals.append(item)
    for scan in scans:
        cases.setdefault(scan.patient_id, SourceCase(scan.collection, scan.patient_id))
    return scans, cases, refusals


def _known_readings(book: Casebook, name: str) -> dict[tuple[str, str], Reading]:
    return {
        (row["source_id"], row["stamp"]): Reading.from_json(row["reading"])
        for row in book.tables["readings"].to_pylist()
        if row["source"] == name
    }


def _read_all(
    items: list[SourceScan],
    root: Path,
    known: Mapping[tuple[str, str], Reading],
    journal: Journal,
    workers: int,
    progress: Progress,
) -> tuple[dict[str, Reading], dict[str, str], int]:
    readings: dict[str, Reading] = {}
    stamps: dict[str, str] = {}
    unread = []
    for item in items:
        try:
            stamps[item.source_id] = stamp(item, root)
        except ScanError as error:
            readings[item.source_id] = Reading(reason=error.reason, message=error.message)
            continue
        found = known.get((item.source_id, stamps[item.source_id]))
        if found is None:
            unread.append(item)
        else:
            readings[item.source_id] = found
    progress(len(readings), len(items))
    if unread:
        with ReadingPool(workers) as pool:
            for item, reading in in_parallel(lambda one: read(one, root, pool), unread, workers):
                readings[item.source_id] = reading
                if reading.reason not in _PASSING:
                    journal.append(item.source_id, stamps[item.source_id], reading)
                progress(len(readings), len(items))
    return readings, {i: s for i, s in stamps.items() if readings[i].reason not in _PASSING}, len(unread)


_PASSING = frozenset({Reason.INTERNAL, Reason.DECODER_TIMEOUT, Reason.DECODER_DIED})
"""Reasons that may lie in this machine or this run: such a scan is tried again next time."""


class _Tables:
    """The rows that one source gives."""

    def __init__(self, source: str, keyring: Keyring, cases: Mapping[str, SourceCase]) -> None:
        self._source = source
        self._keyring = keyring
        self._sources_cases = cases
        self._cases = {patient_id: self._case(case) for patient_id, case in cases.items()}
        self.scans: list[dict[str, Any]] = []
        self.refusals: list[Refusal] = []

    def add(self, item: SourceScan, reading: Reading) -> None:
        if reading.reason is not None:
            self.refuse(Refusal(item.collection, item.source_id, reading.reason, reading.message))
            return
        record = self._record(item, reading, self._cases[item.patient_id])
        self.scans.append(
            {**record.row(), "source": self._source, "source_id": item.source_id, "files": list(item.files)}
        )

    def refuse(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)

    def tables(self, readings: Mapping[str, Reading], stamps: Mapping[str, str]) -> dict[str, pa.Table]:
        source = {"source": self._source}
        cases = cases_table(sorted(self._cases.values(), key=lambda case: case.patient))
        rows = {
            "scans": sorted(self.scans, key=lambda row: row["scan"]),
            "aliases": sorted(self._aliases(), key=lambda row: (row["alias"], row["patient"])),
            "refusals": [
                {
                    **source,
                    "source_id": r.source_id,
                    "collection": r.collection,
                    "reason": r.reason.value,
                    "message": r.message,
                }
                for r in sorted(self.refusals, key=lambda r: (r.source_id, r.reason, r.message))
            ],
            "readings": [
                {**source, "source_id": source_id, "stamp": item_stamp, "reading": readings[source_id].to_json()}
                for source_id, item_stamp in sorted(stamps.items())
            ],
        }
        return {
            "cases": cases.append_column(
                pa.field("source", pa.string(), nullable=False), pa.array([self._source] * len(cases), pa.string())
            ),
            **{name: pa.Table.from_pylist(made, schema=TABLES[name]) for name, made in rows.items()},
        }

    def _case(self, case: SourceCase) -> Case:
        return Case(
            patient=self._keyring.patient(self._source, case.patient_id),
            collection=case.collection,
            clock=case.clock,
            events=case.events,
            last_seen_alive=case.last_seen_alive,
            facts=case.facts,
        )

    def _aliases(self) -> Iterable[dict[str, str]]:
        for patient_id, case in self._sources_cases.items():
            for known_as in {patient_id, *case.other_ids}:
                yield {
                    "alias": self._keyring.alias(known_as),
                    "patient": self._cases[patient_id].patient,
                    "source": self._source,
                }

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
            pixel_hash=reading.pixel_hash,
            fingerprint=reading.fingerprint,
        )


def _merged(book: Casebook, name: str, made: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the casebook's tables with the rows of one source replaced, sorted as if ingested at once."""
    order = {
        "scans": ["scan"],
        "cases": ["patient"],
        "aliases": ["alias", "patient"],
        "refusals": ["source", "source_id", "reason", "message"],
        "readings": ["source", "source_id"],
    }
    merged = {}
    for table, columns in order.items():
        others = book.tables[table].filter(pc.not_equal(pc.field("source"), name))
        joined = pa.concat_tables([others, made[table]])
        merged[table] = joined.sort_by([(column, "ascending") for column in columns])
    return merged
