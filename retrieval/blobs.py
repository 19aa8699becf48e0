"""Bytes by scan key, in one Arrow file that is read by row without being loaded."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa

from scankin.retrieval.errors import UnknownName

_BATCH = 512


def write_blobs(path: Path, column: str, blobs: Iterable[tuple[str, bytes]]) -> None:
    """Write ``(scan key, bytes)`` pairs under a column's name, in batches, so that not all are in memory at once."""
    fields = pa.schema([pa.field("scan", pa.string(), nullable=False), pa.field(column, pa.binary(), nullable=False)])
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, fields) as writer:
        for batch in _batches(blobs):
            keys, values = zip(*batch, strict=True)
            writer.write_batch(
                pa.record_batch([pa.array(keys, pa.string()), pa.array(values, pa.binary())], schema=fields)
            )


class Blobs:
    """The bytes of one file, mapped into memory."""

    def __init__(self, path: Path, column: str) -> None:
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        self._what = column
        self._values = table.column(column)
        self._rows = {key: row for row, key in enumerate(table.column("scan").to_pylist())}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def bytes_of(self, key: str) -> bytes:
        """Return the bytes of a scan key.

        Raises:
            UnknownName: There are none of that key.
        """
        if key not in self._rows:
            raise UnknownName(f"There is no {self._what} of that key in this version of the index.")
        held: bytes = self._values[self._rows[key]].as_py()
        return held

    def pairs(self, keys: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield ``(scan key, bytes)`` for those of the keys that have any, in their order."""
        return ((key, self.bytes_of(key)) for key in keys if key in self)


def _batches(blobs: Iterable[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    left = iter(blobs)
    while batch := list(islice(left, _BATCH)):
        yield batch
