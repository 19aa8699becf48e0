"""Vectors, thumbnails and places by pixel hash, kept in the casebook: a rebuild encodes only what is new."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.errors import CasebookError

CACHE = "cache.sqlite"
_QUERY_SIZE = 500

_TABLES = """
CREATE TABLE IF NOT EXISTS encoders (digest TEXT PRIMARY KEY, identity TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS vectors (
    encoder TEXT NOT NULL, pixel_hash TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (encoder, pixel_hash)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS thumbnails (pixel_hash TEXT PRIMARY KEY, png BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS places (
    encoder TEXT NOT NULL, pixel_hash TEXT NOT NULL, places BLOB NOT NULL, PRIMARY KEY (encoder, pixel_hash)
);
"""

_KEPT = {"vectors": "vector", "thumbnails": "png", "places": "places"}
"""What is kept of a picture: the column that holds it, by table."""


class VectorCache:
    """The cache of one casebook, a SQLite file; used by one thread. Deleted bytes are overwritten on disk."""

    def __init__(self, casebook: Path) -> None:
        self._db = sqlite3.connect(casebook / CACHE)
        with _writing():
            self._db.execute("PRAGMA secure_delete = ON")
            self._db.executescript(_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.commit()
        finally:
            self._db.close()

    def add(self, encoder: EncoderIdentity, pixel_hash: str, vector: NDArray[np.float32], png: bytes) -> None:
        """Keep a scan's vector ``[dim]`` and thumbnail; durable after ``commit``."""
        identity = json.dumps(asdict(encoder), sort_keys=True)
        blob = _blob(vector)
        with _writing():
            self._db.execute("INSERT OR IGNORE INTO encoders VALUES (?, ?)", (encoder.digest, identity))
            self._db.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", (encoder.digest, pixel_hash, blob))
            self._db.execute("INSERT OR REPLACE INTO thumbnails VALUES (?, ?)", (pixel_hash, png))

    def add_places(self, encoder: EncoderIdentity, pixel_hash: str, places: bytes) -> None:
        """Keep the places of a film; durable after ``commit``."""
        with _writing():
            self._db.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", (encoder.digest, pixel_hash, places))

    def commit(self) -> None:
        """Make what was added survive a crash.

        Raises:
            CasebookError: The disk refuses the write; what was committed before stays.
        """
        with _writing():
            self._db.commit()

    def vectors(self, encoder: EncoderIdentity, hashes: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """Return the vectors ``[dim]`` of those pixel hashes that have both a vector and a thumbnail."""
        found: dict[str, NDArray[np.float32]] = {}
        for some in _chunks(hashes):
            marks = ",".join("?" * len(some))
            rows = self._db.execute(
                "SELECT v.pixel_hash, v.vector FROM vectors v JOIN thumbnails t USING (pixel_hash) "
                f"WHERE v.encoder = ? AND v.pixel_hash IN ({marks})",  # only question marks
                (encoder.digest, *some),
            )
            found |= {pixel_hash: np.frombuffer(blob, "<f4").astype(np.float32) for pixel_hash, blob in rows}
        return found

    def thumbnails(self, keys: Iterable[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
        """Yield ``(scan key, PNG)`` for pairs of scan key and pixel hash, in their order."""
        for scan, pixel_hash in keys:
            (png,) = self._db.execute("SELECT png FROM thumbnails WHERE pixel_hash = ?", (pixel_hash,)).fetchone()
            yield scan, png

    def with_places(self, encoder: EncoderIdentity) -> set[str]:
        """Return the pixel hashes of which places of this encoder are kept."""
        rows = self._db.execute("SELECT pixel_hash FROM places WHERE encoder = ?", (encoder.digest,))
        return {pixel_hash for (pixel_hash,) in rows}

    def places(self, encoder: EncoderIdentity, keys: Iterable[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
        """Yield ``(scan key, places)`` for pairs of scan key and pixel hash, in their order; some may have none."""
        for scan, pixel_hash in keys:
            found = self._db.execute(
                "SELECT places FROM places WHERE encoder = ? AND pixel_hash = ?", (encoder.digest, pixel_hash)
            ).fetchone()
            if found is not None:
                yield scan, found[0]

    def discard_others(self, held: Set[str]) -> "Discarded":
        """Delete what belongs to no pixel hash of ``held``, for good, and return hashes of what it was.

        Freed pages are overwritten and given back, so that the file holds no trace.
        """
        gone: dict[str, tuple[str, ...]] = {}
        for table, column in _KEPT.items():
            rows = self._db.execute(f"SELECT pixel_hash, {column} FROM {table}").fetchall()  # our own names
            others = [(pixel_hash, blob) for pixel_hash, blob in rows if _original(pixel_hash) not in held]
            gone[table] = tuple(digest(blob) for _, blob in others)
            with _writing():
                self._db.executemany(f"DELETE FROM {table} WHERE pixel_hash = ?", [(one,) for one, _ in others])
        self.commit()
        with _writing():
            self._db.execute("VACUUM")
        return Discarded(**gone)

    def marks(self) -> Iterator[str]:
        """Yield the hash of every vector, thumbnail and film's places, as ``discard_others`` returns them."""
        for table, column in _KEPT.items():
            for (blob,) in self._db.execute(f"SELECT {column} FROM {table}"):
                yield digest(blob)

    def pixel_hashes(self) -> set[str]:
        """Return every pixel hash of which anything is kept, altered or not."""
        rows = self._db.execute(" UNION ".join(f"SELECT pixel_hash FROM {table}" for table in _KEPT))
        return {_original(pixel_hash) for (pixel_hash,) in rows}


def altered_key(pixel_hash: str, alteration: str) -> str:
    """Return under what the cache keeps the vector of an altered picture; it goes when the picture itself goes."""
    return f"{pixel_hash}/{alteration}"


def _original(key: str) -> str:
    return key.partition("/")[0]


def digest(data: bytes) -> str:
    """Return the SHA-256 (hex) of what is kept of a picture, by which one that was removed is recognised."""
    return hashlib.sha256(data).hexdigest()


def vector_digest(vector: NDArray[np.float32]) -> str:
    """Return the digest of a vector, the same wherever it is kept."""
    return digest(_blob(vector))


def _blob(vector: NDArray[np.float32]) -> bytes:
    return vector.astype("<f4").tobytes()


@dataclass(frozen=True)
class Discarded:
    """What was deleted from a cache.

    Attributes:
        vectors, thumbnails, places: SHA-256 (hex) of each.
    """

    vectors: tuple[str, ...]
    thumbnails: tuple[str, ...]
    places: tuple[str, ...]


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise CasebookError(
            f"The casebook's cache of vectors cannot be written: {error}. Free space, or allow writing, and run again."
        ) from error


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == _QUERY_SIZE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
