"""Rows written as CSV, Parquet or NDJSON, as they come: a table need not fit into memory."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from scankin.retrieval.errors import InvalidRequest

NDJSON = ".ndjson"
ROWS_AT_ONCE = 512
"""Rows of one group of a Parquet file."""

Row = Mapping[str, Any]
Writer = Callable[[BinaryIO, Sequence[str], Iterable[Row]], None]
"""Takes an open file, the columns in order, and the rows, each with every column."""

_WHOLE = ("_count", "_happened", "_known", "_censored", "_unknown", "_patients", "films")
"""Of counts; "_already_happened" ends so too."""
_REAL = ("_estimate", "_low", "_high", "_base_rate", "_effective_n", "_age_sex")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def writer_of(suffix: str, option: str = "--out") -> Writer:
    """Return what writes a table with this ending.

    Raises:
        InvalidRequest: The ending is none of those written.
    """
    try:
        return _WRITERS[suffix.lower()]
    except KeyError:
        raise InvalidRequest(
            f"{option} ends in {suffix or 'nothing'!r}; {', '.join(sorted(_WRITERS))} can be written."
        ) from None


def harmless(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: file names come from outside."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def _write_csv(file: BinaryIO, columns: Sequence[str], rows: Iterable[Row]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows({key: harmless(value) for key, value in row.items()} for row in rows)
    text.detach()  # flushes, and leaves the file open to who opened it


def _write_ndjson(file: BinaryIO, columns: Sequence[str], rows: Iterable[Row]) -> None:
    for row in rows:
        line = json.dumps({column: row[column] for column in columns}, ensure_ascii=False, allow_nan=False)
        file.write(line.encode() + b"\n")


def _write_parquet(file: BinaryIO, columns: Sequence[str], rows: Iterable[Row]) -> None:
    schema = pa.schema([(column, _type(column)) for column in columns])
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        remaining = iter(rows)
        while some := [dict(row) for row in islice(remaining, ROWS_AT_ONCE)]:
            writer.write_table(pa.Table.from_pylist(some, schema=schema))


def _type(column: str) -> pa.DataType:
    if column.endswith(_WHOLE):
        return pa.int32()
    return pa.float64() if column.endswith(_REAL) else pa.string()


_WRITERS: dict[str, Writer] = {NDJSON: _write_ndjson, ".csv": _write_csv, ".parquet": _write_parquet}
