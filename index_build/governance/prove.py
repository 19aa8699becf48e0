"""Looks for withdrawn patients in every byte of a casebook and a store: in tables, caches, indexes and raw files."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scankin.index_build.casebook import TABLES, Casebook
from scankin.index_build.governance.people import People, loaded_versions, people_of
from scankin.index_build.governance.receipt import FOLDER, Receipt
from scankin.index_build.vectors import CACHE, VectorCache, digest, vector_digest
from scankin.retrieval.store import VERSIONS
from scankin.retrieval.version import IndexVersion

_BLOCK = 1 << 24
_RUN = re.compile(rb"[a-z0-9-]+")
_OVERLAP = 256
"""Bytes searched again with the next block, so that a name across both is found: longer than any name."""


@dataclass(frozen=True)
class Proof:
    """What a search found.

    Attributes:
        found: Where something of them is left, one line each, without a name; empty: they are absent.
        files: Files searched.
        searched_bytes: In them.
        cells: Values of tables compared, uncompressed.
    """

    found: tuple[str, ...]
    files: int
    searched_bytes: int
    cells: int

    @property
    def is_absent(self) -> bool:
        """Whether nothing was found."""
        return not self.found


def prove_absent(listed: Iterable[str], casebook: Path, store: Path | None) -> Proof:
    """Search a casebook and a store for patients who were withdrawn.

    Sought are their pseudonyms in any spelling of capitals, their keys, and by the casebook's receipts what was
    removed: scans, pixel hashes, files, UIDs, vectors and thumbnails. Tables are decompressed, vectors and pictures
    compared one by one, and the raw bytes of every file searched, free pages of databases included.

    Raises:
        CasebookError, StoreError: One of them cannot be loaded.
    """
    book = Casebook.load(casebook)
    versions = loaded_versions(store)
    people = people_of(listed, book, versions)
    marks = {
        mark
        for path in sorted((casebook / FOLDER).glob("*.json"))
        for of_kind in Receipt.read(path).marks.values()
        for mark in of_kind
    }
    search = _Search(book, people, marks)
    search.tables("casebook", ((name, pq.read_table(casebook / f"{name}.parquet")) for name in TABLES))
    if (casebook / CACHE).is_file():
        with VectorCache(casebook) as cache:
            search.marked("casebook cache", [*cache.marks(), *cache.pixel_hashes()])
    search.raw(casebook)
    if store is not None:
        for version in versions:
            search.version(store / VERSIONS / version.name, version)
        search.raw(store)
    return search.proof()


class Needles:
    """Names to look for in bytes.

    Names are runs of letters, digits and hyphens, which are rare in compressed bytes. Only such runs are compared:
    many times faster than to seek each name in every byte.
    """

    def __init__(self, people: People) -> None:
        names = [name.lower().encode() for name in people.ids]
        keys = [key.encode() for key in people.patients | people.aliases]
        # A name that is no plain run is sought by the longest run in it.
        runs = {name: max(_RUN.findall(name), key=len, default=name) for name in names}
        shortest = min((len(run) for run in [*runs.values(), *keys]), default=1)
        self._run = re.compile(rb"[A-Za-z0-9-]{%d,}" % shortest)
        self._names = [re.compile(re.escape(run) + _after(run)) for run in runs.values()]
        self._keys = keys

    def count(self, data: bytes) -> int:
        """Return how many runs of the bytes hold a name."""
        return sum(self._is_hit(run.lower()) for run in self._run.findall(data))

    def _is_hit(self, run: bytes) -> bool:
        return any(name.search(run) for name in self._names) or any(key in run for key in self._keys)


def _after(run: bytes) -> bytes:
    """What may not follow: "covid1" is not in "covid10", nor a name that ends in a letter in a longer word."""
    return rb"(?![0-9])" if run[-1:].isdigit() else rb"(?![a-z0-9])"


class _Search:
    def __init__(self, book: Casebook, people: People, marks: set[str]) -> None:
        self._mark: Callable[[str], str] = book.keyring.mark
        self._marks = marks
        self._needles = Needles(people)
        self._found: list[str] = []
        self._files = self._size = self._cells = 0

    def tables(self, where: str, tables: Iterable[tuple[str, pa.Table]]) -> None:
        for name, table in tables:
            hits = 0
            for column in table.columns:
                for value in _values(column):
                    self._cells += 1
                    hits += bool(self._needles.count(value.encode())) or self._mark(value) in self._marks
            self._note(where, name, hits)

    def marked(self, where: str, values: Iterable[str], what: str = "vectors, thumbnails and pixel hashes") -> None:
        hits = sum(self._mark(value) in self._marks for value in values)
        self._note(where, what, hits)

    def version(self, folder: Path, version: IndexVersion) -> None:
        where = f"store {version.name}"
        self.tables(where, ((path.stem, pq.read_table(path)) for path in sorted(folder.glob("*.parquet"))))
        self.marked(
            where,
            [
                mark
                for index in version.indexes.values()
                for row, record in enumerate(index.records)
                for mark in (vector_digest(index.vectors[row]), digest(version.thumbnails.png(record.scan)))
            ],
        )
        if version.locations is not None:
            held = version.locations.pairs(version.records)
            self.marked(where, (digest(places) for _, places in held), "places")

    def raw(self, root: Path) -> None:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            hits = 0
            with path.open("rb") as file:
                tail = b""
                while block := file.read(_BLOCK):
                    hits += self._needles.count(tail + block)
                    self._size += len(block)
                    tail = block[-_OVERLAP:]
            self._files += 1
            self._note(root.name, path.name, hits)

    def proof(self) -> Proof:
        return Proof(tuple(self._found), self._files, self._size, self._cells)

    def _note(self, where: str, what: str, hits: int) -> None:
        if hits:
            self._found.append(f"{where}: {what}: {hits} traces")


def _values(column: pa.ChunkedArray) -> Iterator[str]:
    """Yield every text of a column, also within lists and maps, and every path's own parts: pseudonyms and UIDs."""
    if not (pa.types.is_string(column.type) or pa.types.is_nested(column.type)):
        return
    for value in column.to_pylist():
        for text in _texts(value):
            yield text
            if "/" in text:
                yield from (part.removesuffix(".dcm") for part in text.split("/"))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
