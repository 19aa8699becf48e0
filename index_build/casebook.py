"""A casebook on disk: what an ingest made of one or more sources, as Parquet tables.

Layout::

    CASEBOOK/scans.parquet     one row a scan: its key, what search needs, the source's own id and files
    CASEBOOK/cases.parquet     one row a patient: dated events
    CASEBOOK/aliases.parquet   keyed hash of every id a patient is known by
    CASEBOOK/refusals.parquet  one row an item that became no scan, with its reason
    CASEBOOK/readings.parquet  what reading each scan's pixels and header gave, so that a second ingest reads nothing
    CASEBOOK/secret.key        what keys are derived with
    CASEBOOK/cache.sqlite      vectors and thumbnails by pixel hash (see ``vectors.py``)
    CASEBOOK/manifest.json     sources, counts, and the SHA-256 of every table

A casebook is as private as its source: it holds the source's own ids.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from scankin.retrieval.errors import CasebookError
from scankin.retrieval.files import replaced
from scankin.retrieval.keys import Keyring
from scankin.retrieval.records import CASE_FIELDS, SCAN_FIELDS
from scankin.retrieval.store import ALIAS_FIELDS

CASEBOOK_SCHEMA = "scankin.casebook/1"
MANIFEST = "manifest.json"
SECRET = "secret.key"

SOURCE_FIELDS = [
    pa.field("source", pa.string(), nullable=False),
    pa.field("source_id", pa.string(), nullable=False),
]

TABLES = {
    "scans": pa.schema([*SCAN_FIELDS, *SOURCE_FIELDS, pa.field("files", pa.list_(pa.string()), nullable=False)]),
    "cases": pa.schema([*CASE_FIELDS, SOURCE_FIELDS[0]]),
    "aliases": pa.schema([*ALIAS_FIELDS, SOURCE_FIELDS[0]]),
    "refusals": pa.schema(
        [
            *SOURCE_FIELDS,
            pa.field("collection", pa.string(), nullable=False),
            pa.field("reason", pa.string(), nullable=False),
            pa.field("message", pa.string(), nullable=False),
        ]
    ),
    "readings": pa.schema(
        [
            *SOURCE_FIELDS,
            pa.field("stamp", pa.string(), nullable=False),
            pa.field("reading", pa.string(), nullable=False),
        ]
    ),
}


@dataclass(frozen=True)
class Source:
    """One ingested source.

    Attributes:
        name: How the casebook calls it; the importer's name unless the user named it.
        importer: Which importer read it.
        root: Folder its files lie in.
        scans: Scans it gave.
        cases: Patients it gave.
        refusals: Items that became no scan.
    """

    name: str
    importer: str
    root: str
    scans: int
    cases: int
    refusals: int


@dataclass(frozen=True, eq=False)
class Casebook:
    """The tables of a casebook in memory.

    Attributes:
        folder: Where it lies.
        tables: By name, with the columns of ``TABLES``.
        sources: By name.
        keyring: What its keys were derived with.
    """

    folder: Path
    keyring: Keyring
    tables: Mapping[str, pa.Table] = field(default_factory=lambda: {n: s.empty_table() for n, s in TABLES.items()})
    sources: Mapping[str, Source] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load a casebook, every table checked against its hash in the manifest.

        Raises:
            CasebookError: It is not a casebook, a table is missing or differs from its hash, or is of another format.
        """
        raw = _manifest(folder)
        tables = {}
        for name, schema in TABLES.items():
            path = folder / f"{name}.parquet"
            if not path.is_file():
                raise CasebookError(f"{folder.name}: the table {name}.parquet is missing. Ingest again to restore it.")
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != raw["tables"].get(name):
                raise CasebookError(f"{folder.name}: {name}.parquet does not match the manifest. Ingest again.")
            tables[name] = pq.read_table(pa.BufferReader(data)).cast(schema)
        if not (folder / SECRET).is_file():
            raise CasebookError(f"{folder.name}: {SECRET} is missing; without it no key can be derived. Restore it.")
        return cls(
            folder=folder,
            keyring=Keyring((folder / SECRET).read_bytes()),
            tables=tables,
            sources={name: Source(**source) for name, source in raw["sources"].items()},
        )

    @property
    def content(self) -> str:
        """SHA-256 (hex) of what an index is built from: scans, cases and aliases as they are on disk."""
        hashes = _manifest(self.folder)["tables"]
        return hashlib.sha256(json.dumps([hashes[name] for name in ("scans", "cases", "aliases")]).encode()).hexdigest()

    def save(self) -> None:
        """Write tables and manifest, each whole or not at all, the manifest last.

        Raises:
            OSError: The disk refuses a write; what was there before still loads, or says to ingest again.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        hashes = {}
        for name, table in self.tables.items():
            sink = pa.BufferOutputStream()
            pq.write_table(table, sink, compression="zstd")
            data = sink.getvalue().to_pybytes()
            hashes[name] = hashlib.sha256(data).hexdigest()
            replaced(self.folder / f"{name}.parquet", data)
        if not (self.folder / SECRET).exists():
            replaced(self.folder / SECRET, self.keyring.secret, mode=0o600)
        raw = {
            "schema": CASEBOOK_SCHEMA,
            "tables": hashes,
            "sources": {name: vars(source) for name, source in sorted(self.sources.items())},
        }
        replaced(self.folder / MANIFEST, json.dumps(raw, indent=1, sort_keys=True).encode())


def is_casebook(folder: Path) -> bool:
    """Return whether a casebook was written there."""
    return (folder / MANIFEST).is_file()


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        raw: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise CasebookError(f"{folder.name}: there is no casebook. Make one: scankin-index ingest.") from None
    except ValueError as error:
        raise CasebookError(f"{folder.name}: {MANIFEST} is not JSON. Ingest again.") from error
    if raw.get("schema") != CASEBOOK_SCHEMA:
        raise CasebookError(f"{folder.name}: format {raw.get('schema')!r}; {CASEBOOK_SCHEMA!r} is read. Ingest anew.")
    return raw
