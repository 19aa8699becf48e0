"""From a source to a casebook: every item becomes a scan or a refusal, every patient a case."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from scankin.index_build.casebook import SETTINGS, Casebook, Source, is_casebook
from scankin.index_build.changes import Changes, changes
from scankin.index_build.importers import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.readings import Journal, Reading, read, stamp
from scankin.index_build.settings import Settings, load_settings
from scankin.index_build.tables import SourceTables, merged
from scankin.retrieval.errors import CasebookError, Reason, ScanError
from scankin.retrieval.files import replaced
from scankin.retrieval.keys import Keyring
from scankin.retrieval.parallel import in_parallel
from scankin.retrieval.reading import ReadingPool
from scankin.retrieval.source_tree import SourceTree


class Reads(Protocol):
    """The ``read`` of an importer."""

    def __call__(self, source: OpenedSource) -> Iterable[SourceScan | SourceCase | Refusal]:
        """Yield every item of the source."""


Progress = Callable[[int, int | None], None]
"""Told how many items are done, of how many; None while the source is still being listed."""

LISTED_EVERY = 500
"""Items between two reports of progress while a source is listed."""


@dataclass(frozen=True)
class IngestAccount:
    """What went in and what came out.

    Attributes:
        items: Scans the source lists, with those it refused itself; always ``scans`` + ``refusals``.
        scans: In the casebook, by collection, site, cohort and modality; site and cohort are empty where not stated.
        refusals: By collection, site, cohort and reason.
        patients: Cases in the casebook from this source.
        read: Scans whose pixels were read in this run; the others were known from before.
        flags: Clinical fields by how they were read.
        contradictions: By kind.
        changes: Against the ingest before.
    """

    items: int
    scans: Mapping[tuple[str, str, str, str], int]
    refusals: Mapping[tuple[str, str, str, str], int]
    patients: int
    read: int
    flags: Mapping[str, int]
    contradictions: Mapping[str, int]
    changes: Changes


def ingest(
    importer: str,
    reads: Reads,
    tree: SourceTree,
    folder: Path,
    keyring: Keyring,
    *,
    name: str | None = None,
    settings: Path | None = None,
    withdrawn: Iterable[str] = (),
    workers: int,
    progress: Progress = lambda _done, _of: None,
) -> IngestAccount:
    """Read a source into a casebook, replacing what the casebook held of it, and return the account.

    Pixels are read in worker processes; readings are journalled as they come, so that an interrupted run resumes where
    it was, and kept, so that a second run of unchanged files reads none and writes the same tables.

    Args:
        importer: Name of the importer.
        reads: Its ``read``.
        tree: Folder or bucket of the source.
        folder: The casebook; made when it is not there.
        keyring: What keys are derived with; an existing casebook's own must be the same.
        name: How the casebook calls the source; the importer's name unless given.
        settings: File of settings; it replaces that of the casebook. None: the casebook's own.
        withdrawn: Ids of patients who are not to be taken in, besides those with a tombstone.
        workers: Worker processes that read.
        progress: Told of every scan.

    Raises:
        CasebookError: The source is not what the importer reads, or the casebook was made with another key.
    """
    name = name or importer
    book = _open(folder, keyring)
    if settings is not None:
        book = replace(book, settings=_kept(settings, folder))
    tombstones = book.tombstones | {keyring.tombstone(patient_id) for patient_id in withdrawn}
    source = OpenedSource(tree, book.settings, folder)
    items, cases, refusals = _listed(reads, source, progress)
    made = SourceTables(name, keyring, cases, tombstones)
    items = _without_withdrawn(items, made)
    known = _known_readings(book, name)
    journal = Journal(folder / f".{name}.readings.ndjson")
    try:
        known |= {(source_id, seen): reading for source_id, seen, reading in journal.entries()}
        readings, stamps, count = _read_all(items, tree, known, journal, workers, progress)
        for item in items:
            made.add(item, readings[item.source_id])
        for refusal in refusals:
            made.refuse(refusal)
        owners = {item.source_id: item.patient_id for item in items}
        new = made.tables({i: (stamps[i], readings[i], owners[i]) for i in stamps})
        found = changes(book, name, new)
        entry = Source(name, importer, tree.address, len(made.scans), len(made.cases), len(made.refusals))
        replace(book, tables=merged(book, name, new), sources={**book.sources, name: entry}).save()
        journal.discard()
    finally:
        journal.close()
    return IngestAccount(
        items=len(made.scans) + len(made.refusals),
        scans=Counter(
            (row["collection"], row["site"] or "", row["cohort"] or "", row["modality"]) for row in made.scans
        ),
        refusals=Counter((r.collection, r.site or "", r.cohort or "", r.reason.value) for r in made.refusals),
        patients=len(made.cases),
        read=count,
        flags=Counter(field.flag.value for case in made.source_cases.values() for field in case.fields),
        contradictions=Counter(new["contradictions"]["kind"].to_pylist()),
        changes=found,
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


def _kept(file: Path, folder: Path) -> Settings:
    """Check a file of settings, copy it and the table that it names into the casebook, and return it."""
    settings = load_settings(file)
    copies = {SETTINGS: file}
    if settings.nccid.units is not None:
        copies[settings.nccid.units] = file.parent / settings.nccid.units
    if any(Path(name).name != name for name in copies):
        raise CasebookError(f"{file.name}: nccid.units must name a file that lies beside it.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in copies.items():
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CasebookError(f"{path.name}: it cannot be read: {error.strerror}.") from error
        replaced(folder / name, data)
    return settings


def _listed(
    reads: Reads, source: OpenedSource, progress: Progress
) -> tuple[list[SourceScan], dict[str, SourceCase], list[Refusal]]:
    scans: list[SourceScan] = []
    cases: dict[str, SourceCase] = {}
    refusals: list[Refusal] = []
    for number, item in enumerate(reads(source)):
        if isinstance(item, SourceScan):
            scans.append(item)
        elif isinstance(item, SourceCase):
            cases[item.patient_id] = item
        else:
            refusals.append(item)
        if number % LISTED_EVERY == 0:
            progress(number, None)
    for scan in scans:
        cases.setdefault(scan.patient_id, SourceCase(scan.collection, scan.patient_id))
    return scans, cases, refusals


def _without_withdrawn(items: list[SourceScan], made: SourceTables) -> list[SourceScan]:
    """Return the scans of patients who were not withdrawn; the others become refusals without a name, unread."""
    kept = []
    for item in items:
        if item.patient_id in made.source_cases:
            kept.append(item)
        else:
            made.refuse(Refusal(item.collection, item.source_id, Reason.WITHDRAWN, "", item.patient_id))
    return kept


def _known_readings(book: Casebook, name: str) -> dict[tuple[str, str], Reading]:
    return {
        (row["source_id"], row["stamp"]): Reading.from_json(row["reading"])
        for row in book.tables["readings"].to_pylist()
        if row["source"] == name
    }


def _read_all(
    items: list[SourceScan],
    tree: SourceTree,
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
            stamps[item.source_id] = stamp(item, tree)
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
            for item, reading in in_parallel(lambda one: read(one, tree, pool), unread, workers):
                readings[item.source_id] = reading
                if reading.reason not in _PASSING:
                    journal.append(item.source_id, stamps[item.source_id], reading)
                progress(len(readings), len(items))
    return readings, {i: s for i, s in stamps.items() if readings[i].reason not in _PASSING}, len(unread)


_PASSING = frozenset({Reason.INTERNAL, Reason.DECODER_TIMEOUT, Reason.DECODER_DIED, Reason.UNREACHABLE})
"""Reasons that may lie in this machine or this run: such a scan is tried again next time."""
