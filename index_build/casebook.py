"""A casebook on disk: what an ingest made of one or more sources, as Parquet tables.

Layout::

    CASEBOOK/scans.parquet     one row a scan: its key, what search needs, the source's own id and files
    CASEBOOK/cases.parquet     one row a patient: dated events
    CASEBOOK/aliases.parquet   keyed hash of every id a patient is known by
    CASEBOOK/refusals.parquet  one row an item that became no scan, with its reason
    CASEBOOK/fields.parquet    one row a clinical field of every version of a record: raw text, value, unit, flag
    CASEBOOK/contradictions.parquet  what of a patient or scan cannot all be so
    CASEBOOK/tombstones.parquet      keyed hash of every withdrawn patient, who is not taken in again
    CASEBOOK/readings.parquet  what reading each scan's pixels and header gave, so that a second ingest reads nothing
    CASEBOOK/settings.toml     the owner's settings, where there are any, and the table of units that they name
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

from scankin.index_build.settings import Settings, load_settings
from scankin.retrieval.errors import CasebookError
from scankin.retrieval.files import replaced
from scankin.retrieval.keys import Keyring
from scankin.retrieval.records import CASE_FIELDS, SCAN_FIELDS
from scankin.retrieval.store import ALIAS_FIELDS

CASEBOOK_SCHEMA = "scankin.casebook/3"
MANIFEST = "manifest.json"
SECRET = "secret.key"
SETTINGS = "settings.toml"

SOURCE_FIELDS = [
    pa.field("source", pa.string(), nullable=False),
    pa.field("source_id", pa.string(), nullable=False),
]

_TEXT, _FLAG = pa.string(), pa.bool_()


def _needed(*names: str) -> list[pa.Field]:
    return [pa.field(name, _TEXT, nullable=False) for name in names]


def _optional(*names: str) -> list[pa.Field]:
    return [pa.field(name, _TEXT) for name in names]


TABLES = {
    "scans": pa.schema(
        [
            *SCAN_FIELDS,
            *SOURCE_FIELDS,
            pa.field("files", pa.list_(_TEXT), nullable=False),
            *_optional("study", "cohort", "device", "origin"),
        ]
    ),
    "cases": pa.schema([*CASE_FIELDS, SOURCE_FIELDS[0], *_optional("case_site")]),
    "aliases": pa.schema([*ALIAS_FIELDS, SOURCE_FIELDS[0]]),
    "fields": pa.schema(
        [
            *_needed("source", "patient", "version"),
            pa.field("is_current", _FLAG, nullable=False),
            *_needed("field", "raw", "flag"),
            *_optional("value", "unit", "unit_source", "operator"),
        ]
    ),
    "contradictions": pa.schema([*_needed("source", "patient", "kind", "message"), *_optional("scan")]),
    "refusals": pa.schema(
        [*SOURCE_FIELDS, *_needed("collection", "reason", "message"), *_optional("patient", "case_site", "cohort")]
    ),
    "readings": pa.schema([*SOURCE_FIELDS, *_needed("stamp", "reading"), *_optional("patient")]),
    "tombstones": pa.schema([*_needed("tombstone", "withdrawn")]),
}
"""Columns of every table; ``case_site`` is the hospital that sent the patient in, ``origin`` the website of a film."""


@dataclass(frozen=True)
class Source:
    """One ingested source.

    Attributes:
        name: How the casebook calls it; the importer's name unless the user named it.
        importer: Which importer read it.
        root: Folder or URL its files lie in.
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
        settings: Its owner's.
    """

    folder: Path
    keyring: Keyring
    tables: Mapping[str, pa.Table] = field(default_factory=lambda: {n: s.empty_table() for n, s in TABLES.items()})
    sources: Mapping[str, Source] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)

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
            tables[name] = _with_columns(pq.read_table(pa.BufferReader(data)), schema).cast(schema)
        if not (folder / SECRET).is_file():
            raise CasebookError(f"{folder.name}: {SECRET} is missing; without it no key can be derived. Restore it.")
        return cls(
            folder=folder,
            keyring=Keyring((folder / SECRET).read_bytes()),
            tables=tables,
            sources={name: Source(**source) for name, source in raw["sources"].items()},
            settings=load_settings(folder / SETTINGS) if (folder / SETTINGS).is_file() else Settings(),
        )

    @property
    def tombstones(self) -> frozenset[str]:
        """Keyed hashes of withdrawn patients."""
        return frozenset(self.tables["tombstones"]["tombstone"].to_pylist())

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


def _with_columns(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return the table with the columns that came into the format after it was written: nothing was stated there."""
    for column in schema:
        if column.name not in table.column_names and column.nullable:
            table = table.append_column(column, pa.nulls(len(table), column.type))
    return table.select(schema.names)


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
