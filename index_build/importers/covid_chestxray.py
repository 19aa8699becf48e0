"""The COVID-19 image data collection (Cohen 2020), as cloned: ``metadata.csv``, ``images/`` and severity scores."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from scankin.index_build.case_events import settled, stated_events
from scankin.index_build.csv_rows import (
    NOT_WHOLE,
    Line,
    Row,
    age_of,
    day_of,
    measures_of,
    numbers_in,
    only_value,
    origin_of,
    rows_of,
    sex_of,
    view_of,
)
from scankin.index_build.findings import names_another_cause, stated_findings
from scankin.index_build.importers.base import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.source_files import is_inside
from scankin.retrieval.case import Clock
from scankin.retrieval.errors import Reason
from scankin.retrieval.scan import Modality

COLLECTION = "covid-chestxray"
_COLUMNS = ("patientid", "finding", "modality", "folder", "filename")
_SCORES = Path("annotations") / "covid-severity-scores.csv"
_FACTS = ("temperature", "pO2_saturation", "leukocyte_count", "neutrophil_count", "lymphocyte_count", "RT_PCR_positive")

MEASURED = {
    "temperature": "temperature",
    "spo2": "pO2_saturation",
    "white_cells": "leukocyte_count",
    "neutrophils": "neutrophil_count",
    "lymphocytes": "lymphocyte_count",
}
"""Clinical fact to column: °C, % and 10^9/L."""

_LABELS = {
    "Viral": "Viral Pneumonia",
    "Bacterial": "Bacterial Pneumonia",
    "Fungal": "Fungal Pneumonia",
    "Lipoid": "Lipoid Pneumonia",
    "Aspiration": "Aspiration Pneumonia",
}
"""Parts of a finding that are spelled otherwise in ``findings``."""

_NOT_STATED = frozenset({"todo", "unknown", ""})
_PICTURES = (".png", ".jpg", ".jpeg")


def recognises(source: OpenedSource) -> bool:
    """Return whether the folder looks like this collection."""
    return source.is_folder and (source.folder / "metadata.csv").is_file() and (source.folder / "images").is_dir()


def read(source: OpenedSource) -> Iterator[SourceScan | SourceCase | Refusal]:
    """Yield every row of ``metadata.csv`` as a scan or refusal, in its order, then one case a patient.

    A row that is sound but names no picture, such as a NIfTI volume, is refused and still tells of its patient.
    """
    root = source.folder
    scores = _scores(root / _SCORES)
    patients: dict[str, list[Row]] = defaultdict(list)
    seen: set[str] = set()
    for line in rows_of(root / "metadata.csv", _COLUMNS, COLLECTION):
        row = line.row
        name = row["filename"] or f"line {line.number}"
        damage = _damage(line, seen)
        if damage:
            yield Refusal(COLLECTION, name, Reason.BROKEN_RECORD, damage)
            continue
        seen.add(row["filename"])
        patients[row["patientid"]].append(row)
        unsuitable = _unsuitable(row)
        yield Refusal(COLLECTION, name, *unsuitable) if unsuitable else _scan(row, scores.get(name, {}))
    for patient, rows in patients.items():
        yield _case(patient, rows)


def findings_of(text: str) -> dict[str, bool]:
    """Return what a ``finding`` such as "Pneumonia/Viral/COVID-19" or "COVID-19, ARDS" states.

    A film with another cause of pneumonia is stated not to show COVID-19, as open-cxr takes the same collection;
    "Pneumonia" and "Pneumonia/Viral" leave that open.
    """
    parts = [part.strip() for entry in text.split(",") for part in entry.split("/")]
    labels = [_LABELS.get(part, part) for part in parts if part.lower() not in _NOT_STATED]
    return stated_findings(labels, covid=False if names_another_cause(labels) else None)


def _damage(line: Line, seen: set[str]) -> str | None:
    row = line.row
    if not line.is_whole:
        return NOT_WHOLE
    if not row["filename"] or not row["patientid"]:
        return "The row lacks a filename or patientid."
    if not is_inside(_path(row)):
        return "Its path leads out of the folder."
    return "Another row has the same filename." if row["filename"] in seen else None


def _unsuitable(row: Row) -> tuple[Reason, str] | None:
    if not row["filename"].lower().endswith(_PICTURES):
        return Reason.NOT_AN_IMAGE, "It is no PNG or JPEG; NIfTI volumes are not read."
    if row["modality"] not in [modality.value for modality in Modality]:
        return Reason.UNSUPPORTED_MODALITY, f"modality is {row['modality']!r}; X-ray and CT are read."
    return None


def _path(row: Row) -> str:
    return f"{row['folder']}/{row['filename']}"


def _scan(row: Row, measures: dict[str, float]) -> SourceScan:
    return SourceScan(
        collection=COLLECTION,
        source_id=row["filename"],
        patient_id=row["patientid"],
        files=(_path(row),),
        modality=Modality(row["modality"]),
        view=view_of(row.get("view", "")),
        sex=sex_of(row.get("sex", "")),
        age=age_of(row.get("age", "")),
        site=row.get("location") or None,
        origin=origin_of(row.get("url", "")),
        day=day_of(row.get("offset", "")),
        findings=findings_of(row["finding"]),
        measures=measures,
        facts=_facts(row),
    )


def _facts(row: Row) -> dict[str, float]:
    """Return what was measured; Hannover's films have a pressure in mmHg where others have a saturation."""
    is_pressure = (row.get("location") or "").startswith("Hannover")
    return {name: value for name, value in numbers_in(row, MEASURED).items() if not (is_pressure and name == "spo2")}


def _case(patient: str, rows: list[Row]) -> SourceCase:
    has_days = any(day_of(row.get("offset", "")) is not None for row in rows)
    return SourceCase(
        collection=COLLECTION,
        patient_id=patient,
        clock=Clock.SOURCE if has_days else Clock.NONE,
        events=settled(event for row in rows for event in stated_events(row)),
        facts={name: value for name in _FACTS if (value := only_value(rows, name))},
    )


def _scores(path: Path) -> dict[str, dict[str, float]]:
    if not path.is_file():
        return {}
    return {
        line.row["filename"]: measures_of(
            extent=line.row.get("geographic_mean", ""), opacity=line.row.get("opacity_mean", "")
        )
        for line in rows_of(path, ("filename",), f"{COLLECTION}'s severity scores")
        if line.is_whole
    }
