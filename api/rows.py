"""Scored scans as rows of a table: NDJSON with whole reports, CSV and Parquet with flat columns."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.report import NOTICE

Report = dict[str, Any]


@dataclass(frozen=True)
class Scored:
    """One scored scan.

    Attributes:
        input: As the user named it.
        status: "ok", "refused" or "failed".
        code: Reason code; None when ok.
        message: What was wrong, in words; None when ok.
        report: The report as JSON values; None unless ok.
    """

    input: str
    status: str
    code: str | None = None
    message: str | None = None
    report: Report | None = None

    def line(self) -> str:
        """Return the row as one line of NDJSON, without its end."""
        return json.dumps(
            {
                "input": self.input,
                "status": self.status,
                "code": self.code,
                "message": self.message,
                "report": self.report,
            },
            ensure_ascii=False,
            allow_nan=False,
        )


def encoder_of(suffix: str) -> Callable[[Sequence[Scored]], bytes]:
    """Return what turns rows into the bytes of a file with this ending.

    Raises:
        InvalidRequest: The ending is none of those written.
    """
    try:
        return _ENCODERS[suffix.lower()]
    except KeyError:
        raise InvalidRequest(
            f"--out ends in {suffix or 'nothing'!r}; {', '.join(sorted(_ENCODERS))} can be written."
        ) from None


def flat(row: Scored, names: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return a row with a column for every number of the report; ``names`` lists (kind, name) of all summaries."""
    report = row.report or {}
    index = report.get("index", {})
    columns: dict[str, Any] = {
        "input": row.input,
        "status": row.status,
        "code": row.code,
        "message": row.message,
        "modality": report.get("query", {}).get("modality"),
        "neighbour_count": len(report["neighbours"]) if report else None,
    }
    summaries = {(kind, entry["name"]): entry for kind in _KINDS for entry in report.get(kind, ())}
    for kind, name in names:
        entry = summaries.get((kind, name), {})
        low, high = entry.get("interval") or (None, None)
        prefix = name.lower().replace(" ", "_")
        if kind != "measures":
            columns |= {f"{prefix}_happened": entry.get("happened")}
        columns |= {f"{prefix}_known": entry.get("known")}
        if kind == "outcomes":
            columns |= {f"{prefix}_{count}": entry.get(count) for count in ("already_happened", "censored")}
        if kind != "measures":
            columns |= {f"{prefix}_unknown": entry.get("unknown")}
        columns |= {f"{prefix}_estimate": entry.get("estimate"), f"{prefix}_low": low, f"{prefix}_high": high}
        if kind != "measures":
            columns |= {
                f"{prefix}_base_rate": entry.get("base_rate"),
                f"{prefix}_base_rate_patients": entry.get("base_rate_patients"),
            }
        if kind == "outcomes":
            columns |= {
                f"{prefix}_effective_n": entry.get("effective_n"),
                f"{prefix}_estimate_patients": entry.get("estimate_patients"),
                f"{prefix}_age_sex": entry.get("age_sex"),
                f"{prefix}_abstained": entry.get("abstained"),
            }
    return columns | {
        "neighbours": json.dumps(report["neighbours"], ensure_ascii=False) if report else None,
        "cautions": " ".join(report["cautions"]) if report else None,
        "index_version": index.get("version"),
        "encoder": index.get("encoder", {}).get("name"),
        "manifest": index.get("manifest"),
        "licence": (index.get("licence") or {}).get("line"),
        "notice": NOTICE,
    }


_KINDS = ("outcomes", "measures", "findings")
_WHOLE = (
    "neighbour_count",
    "_happened",
    "_known",
    "_censored",
    "_unknown",
    "_patients",
)  # "_happened" ends "_already_happened" too
_REAL = ("_estimate", "_low", "_high", "_base_rate", "_effective_n", "_age_sex")


def _names(rows: Iterable[Scored]) -> list[tuple[str, str]]:
    for row in rows:
        if row.report:
            return [(kind, entry["name"]) for kind in _KINDS for entry in row.report[kind]]
    return []


def _to_ndjson(rows: Sequence[Scored]) -> bytes:
    return "".join(row.line() + "\n" for row in rows).encode()


def _to_csv(rows: Sequence[Scored]) -> bytes:
    names = _names(rows)
    columns = list(flat(Scored("", "ok"), names))
    sink = io.StringIO(newline="")
    writer = csv.DictWriter(sink, columns)
    writer.writeheader()
    writer.writerows({key: _harmless(value) for key, value in flat(row, names).items()} for row in rows)
    return sink.getvalue().encode()


def _to_parquet(rows: Sequence[Scored]) -> bytes:
    names = _names(rows)
    columns = list(flat(Scored("", "ok"), names))
    schema = pa.schema([(column, _type(column)) for column in columns])
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([flat(row, names) for row in rows], schema=schema), sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _type(column: str) -> pa.DataType:
    if column.endswith(_WHOLE):
        return pa.int32()
    return pa.float64() if column.endswith(_REAL) else pa.string()


def _harmless(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: file names come from outside."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


_ENCODERS: dict[str, Callable[[Sequence[Scored]], bytes]] = {
    ".ndjson": _to_ndjson,
    ".csv": _to_csv,
    ".parquet": _to_parquet,
}
