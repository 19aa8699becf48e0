"""Removes patients for real: from tables, caches and every version of a store, leaving a tombstone and a receipt."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from scankin.index_build.accounts import VANISHED
from scankin.index_build.build import library_versions
from scankin.index_build.casebook import MANIFEST, TABLES, Casebook
from scankin.index_build.duplicates.listing import DUPLICATES
from scankin.index_build.fitted import fitted_on
from scankin.index_build.governance.people import People, loaded_versions, people_of
from scankin.index_build.governance.receipt import FOLDER, Receipt
from scankin.index_build.publish import discard_versions, publish
from scankin.index_build.vectors import VectorCache, digest, vector_digest
from scankin.index_build.version_files import VersionFiles
from scankin.retrieval.encoder import Embeddings
from scankin.retrieval.files import sha256_of
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.keys import Keyring
from scankin.retrieval.records import cases_table
from scankin.retrieval.store import (
    ALIAS_FIELDS,
    current_name,
    read_manifest,
    version_names,
)
from scankin.retrieval.version import IndexVersion

_OF_PATIENT = ("scans", "cases", "aliases", "fields", "contradictions", "refusals", "readings")
"""Tables whose rows belong to a patient."""

_KIND = {"vectors": "vector", "thumbnails": "thumbnail", "places": "places"}
"""How receipts call what a cache discards."""

_UID = re.compile(r"\d+(?:\.\d+){5,}")


class Marks:
    """Collects keyed hashes of what is removed."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._held: dict[str, set[str]] = {}

    def add(self, kind: str, values: Iterable[str]) -> None:
        """Note items of a kind."""
        self._held.setdefault(kind, set()).update(self._keyring.mark(value) for value in values)

    def as_lists(self) -> dict[str, list[str]]:
        """Return all marks, sorted."""
        return {kind: sorted(marks) for kind, marks in sorted(self._held.items())}


def withdraw(listed: Iterable[str], casebook: Path, store: Path | None) -> tuple[Receipt, Path]:
    """Remove patients from a casebook, its caches and a store, and return the receipt and where it was written.

    The casebook goes first, with the tombstones, so that an interrupted withdrawal lets nobody back in; run again, it
    goes on. Older versions of the store that hold any of the patients are destroyed: a rollback to them is impossible.

    Args:
        listed: Pseudonyms, or keys of patients.
        casebook: Folder.
        store: Folder of the index built from it; None: there is none.

    Raises:
        CasebookError: The casebook cannot be loaded.
        StoreError: The store cannot be loaded, or is being published to.
    """
    ids = list(listed)
    book = Casebook.load(casebook)
    versions = loaded_versions(store)
    people = people_of(ids, book, versions)
    before = sha256_of(casebook / MANIFEST), _store_manifest(store)
    marks = Marks(book.keyring)
    removed: Counter[str] = Counter()
    known = people.patients & {*book.tables["cases"]["patient"].to_pylist(), *(p for v in versions for p in v.cases)}
    weights = fitted_on(book, people.patients)
    left = _strip_casebook(book, people, marks, removed)
    _strip_cache(left, marks, removed)
    destroyed = _strip_store(store, versions, left, people, marks, removed) if store else ()
    receipt = Receipt(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        listed=len(ids),
        patients=len(known),
        removed=dict(sorted(removed.items())),
        marks=marks.as_lists(),
        manifests={
            "casebook": (before[0], sha256_of(casebook / MANIFEST)),
            "store": (before[1], _store_manifest(store)),
        },
        versions_destroyed=destroyed,
        weights=tuple((fit.name, fit.sha256, count) for fit, count in weights),
    )
    path = casebook / FOLDER / f"withdrawal-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.json"
    receipt.write(path)
    return receipt, path


def _strip_casebook(book: Casebook, people: People, marks: Marks, removed: Counter[str]) -> Casebook:
    patients = pa.array(sorted(people.patients), pa.string())
    tables = dict(book.tables)
    for name in _OF_PATIENT:
        is_theirs = pc.fill_null(pc.is_in(tables[name]["patient"], patients), fill_value=False)
        theirs = tables[name].filter(is_theirs)
        removed[f"casebook {name}"] = len(theirs)
        tables[name] = tables[name].filter(pc.invert(is_theirs))
        _mark_rows(name, theirs, marks, set(tables["scans"]["pixel_hash"].to_pylist()))
    today = datetime.now(UTC).date().isoformat()
    new = sorted(people.tombstones - book.tombstones)
    rows = pa.Table.from_pylist([{"tombstone": one, "withdrawn": today} for one in new], TABLES["tombstones"])
    tables["tombstones"] = pa.concat_tables([tables["tombstones"], rows]).sort_by("tombstone")
    sources = {
        name: replace(
            source,
            scans=_count(tables["scans"], name),
            cases=_count(tables["cases"], name),
            refusals=_count(tables["refusals"], name),
        )
        for name, source in book.sources.items()
    }
    left = replace(book, tables=tables, sources=sources)
    left.save()
    for journal in book.folder.glob(".*.readings.ndjson"):
        journal.unlink()  # of an interrupted ingest: a cache that names files
    (book.folder / VANISHED).unlink(missing_ok=True)
    (book.folder / DUPLICATES).unlink(missing_ok=True)  # found anew by the next build
    return left


def _mark_rows(name: str, rows: pa.Table, marks: Marks, shared: set[str]) -> None:
    """Mark what the rows name; a picture that another patient has too stays, and is no trace of the one who left."""
    paths = []
    if name == "scans":
        marks.add("scan", rows["scan"].to_pylist())
        marks.add("pixels", set(rows["pixel_hash"].to_pylist()) - shared)
        paths += [file for files in rows["files"].to_pylist() for file in files]
    if name in ("scans", "refusals", "readings"):
        paths += rows["source_id"].to_pylist()
    marks.add("file", paths)
    marks.add("uid", [uid for path in paths for part in path.split("/") for uid in _UID.findall(part)])


def _strip_cache(book: Casebook, marks: Marks, removed: Counter[str]) -> None:
    """Remove every cached vector, thumbnail and film's places that no scan of the casebook has."""
    held = set(book.tables["scans"]["pixel_hash"].to_pylist())
    with VectorCache(book.folder) as cache:
        gone = cache.discard_others(held)
    for what, hashes in vars(gone).items():
        removed[f"cached {what}"] = len(hashes)
        marks.add(_KIND[what], hashes)


def _strip_store(
    store: Path,
    versions: Sequence[IndexVersion],
    book: Casebook,
    people: People,
    marks: Marks,
    removed: Counter[str],
) -> tuple[str, ...]:
    """Publish the current version without the patients, and destroy every version that holds any of them."""
    theirs = [version for version in versions if version.cases.keys() & people.patients]
    for version in theirs:
        shared = {r.pixel_hash for r in version.records.values() if r.patient not in people.patients}
        _mark_version(version, people, marks, removed, shared)
        if version.name == current_name(store) and version.cases.keys() - people.patients:
            _publish_without(store, version, book, people)
    if theirs:
        discard_versions(store, [version.name for version in theirs])
    return tuple(version.name for version in theirs)


def _mark_version(version: IndexVersion, people: People, marks: Marks, removed: Counter[str], shared: set[str]) -> None:
    for index in version.indexes.values():
        for row, record in enumerate(index.records):
            if record.patient in people.patients:
                marks.add("scan", [record.scan])
                removed["index vectors and thumbnails, all versions"] += 1
                if record.pixel_hash not in shared:
                    marks.add("pixels", [record.pixel_hash])
                    marks.add("vector", [vector_digest(index.vectors[row])])
                    marks.add("thumbnail", [digest(version.thumbnails.png(record.scan))])
                    if version.locations is not None and record.scan in version.locations:
                        marks.add("places", [digest(version.locations.bytes_of(record.scan))])
    removed["index cases, all versions"] += len(version.cases.keys() & people.patients)


def _publish_without(store: Path, version: IndexVersion, book: Casebook, people: People) -> None:
    manifest, _ = read_manifest(store, version.name)
    indexes = {}
    for modality, index in version.indexes.items():
        rows = [row for row, record in enumerate(index.records) if record.patient not in people.patients]
        if rows:
            held = [index.records[row] for row in rows]
            indexes[modality] = ScanIndex.of(held, Embeddings(index.vectors[rows], version.encoder))
    records = sorted((r for index in indexes.values() for r in index.records), key=lambda record: record.scan)
    aliases = [
        {"alias": alias, "patient": patient}
        for alias, patients in sorted(version.aliases.items())
        for patient in patients
        if patient not in people.patients
    ]
    cases = sorted((c for c in version.cases.values() if c.patient not in people.patients), key=lambda c: c.patient)
    files = VersionFiles(
        records=tuple(records),
        indexes=indexes,
        cases=cases_table(cases),
        aliases=pa.Table.from_pylist(aliases, schema=ALIAS_FIELDS),
        keyring=version.keyring,
        pictures=((record.scan, version.thumbnails.png(record.scan)) for record in records),
        places=None if version.locations is None else version.locations.pairs(record.scan for record in records),
        false_refusal=version.gates.false_refusal,
    )
    publish(
        store,
        files.write,
        encoder=version.encoder,
        casebook=book.content,
        counts={name: dict(held) for name, held in manifest.counts.items()} | files.counts,
        libraries=library_versions(),
        licence=version.licence,
    )


def _count(table: pa.Table, source: str) -> int:
    return int(pc.sum(pc.equal(table["source"], source)).as_py() or 0)


def _store_manifest(store: Path | None) -> str | None:
    if store is None or not version_names(store):
        return None
    return read_manifest(store, current_name(store))[1]
