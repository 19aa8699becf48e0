"""Scored scans as rows of a table: NDJSON with whole reports, CSV and Parquet with flat columns."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from scankin.api.tables import NDJSON, writer_of
from scankin.retrieval.files import replacing
from scankin.retrieval.report import NOTICE

Report = dict[str, Any]
Names = Sequence[tuple[str, str]]
"""(kind, name) of every summary of a report, in its order."""

_KINDS = ("outcomes", "measures", "findings")


@dataclass(frozen=True)
class Scored:
    """One scored scan.

    Attributes:
        input: As the user named it.
        status: "ok", "refused" or "failed".
        code: Reason code; None when ok.
        message: What was wrong, in words; None when ok.
        report: The report as JSON values; None unless ok.
        patient: Key that stands for the patient in this index's tables; None when no PatientID was read.
        study_day: ISO 8601; None when not read.
        admission: Day of admission, ISO 8601, or a key that stands for a list's label; None where no list says.
        site: As a list says; None where none does.
    """

    input: str
    status: str
    code: str | None = None
    message: str | None = None
    report: Report | None = None
    patient: str | None = None
    study_day: str | None = None
    admission: str | None = None
    site: str | None = None


def names_of(report: Report | None) -> Names:
    """Return the names of a report's summaries; none where there is no report."""
    return [(kind, entry["name"]) for kind in _KINDS for entry in report[kind]] if report else []


def write_scans(path: Path, names: Names, rows: Iterable[Scored]) -> None:
    """Write a row for every scan, whole or not at all.

    Args:
        path: Its ending decides the format.
        names: Of all summaries that any row has.
        rows: In the order they are to stand.
    """
    write = writer_of(path.suffix)
    with replacing(path) as file:
        if path.suffix.lower() == NDJSON:
            write(file, [field.name for field in fields(Scored)], map(vars, rows))
        else:
            write(file, list(flat(Scored("", "ok"), names)), (flat(row, names) for row in rows))


def flat(row: Scored, names: Names) -> dict[str, Any]:
    """Return a row with a column for every number of the report; ``names`` lists (kind, name) of all summaries."""
    report = row.report or {}
    index = report.get("index", {})
    columns: dict[str, Any] = {
        "input": row.input,
        "status": row.status,
        "code": row.code,
        "message": row.message,
        "patient": row.patient,
        "study_day": row.study_day,
        "admission": row.admission,
        "site": row.site,
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
