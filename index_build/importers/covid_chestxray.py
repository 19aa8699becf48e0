"""The COVID-19 image data collection (Cohen 2020), as cloned: ``metadata.csv``, ``images/`` and severity scores."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from scankin.index_build.csv_rows import (
    Row,
    age_of,
    day_of,
    ever,
    is_inside,
    number_of,
    only_value,
    rows_of,
    sex_of,
    stated_yes_no,
    view_of,
)
from scankin.index_build.findings import stated_findings
from scankin.index_build.importers.base import Refusal, SourceCase, SourceScan
from scankin.retrieval.case import Clock, Event, EventKind
from scankin.retrieval.errors import Reason
from scankin.retrieval.scan import Modality

COLLECTION = "covid-chestxray"
_COLUMNS = ("patientid", "finding", "modality", "folder", "filename")
_SCORES = Path("annotations") / "covid-severity-scores.csv"
_FACTS = ("temperature", "pO2_saturation", "leukocyte_count", "neutrophil_count", "lymphocyte_count", "RT_PCR_positive")

_KINDS = {"Viral": "Viral Pneumonia", "Bacterial": "Bacterial Pneumonia", "Fungal": "Fungal Pneumonia"}
_OTHERS = {"Lipoid": "Lipoid Pneumonia", "Aspiration": "Aspiration Pneumonia"}
_NOT_STATED = frozenset({"todo", "unknown", ""})


def recognises(root: Path) -> bool:
    """Return whether the folder looks like this collection."""
    return (root / "metadata.csv").is_file() and (root / "images").is_dir()


def read(root: Path) -> Iterator[SourceScan | SourceCase | Refusal]:
    """Yield every row of ``metadata.csv`` as a scan or refusal, then one case a patient."""
    scores = _scores(root / _SCORES)
    patients: dict[str, list[Row]] = defaultdict(list)
    seen: set[str] = set()
    for number, row in enumerate(rows_of(root / "metadata.csv", _COLUMNS, COLLECTION), start=2):
        refusal = _problem(row, seen, number)
        if refusal:
            yield refusal
            continue
        seen.add(row["filename"])
        patients[row["patientid"]].append(row)
        yield _scan(row, scores.get(row["filename"], {}))
    for patient, rows in patients.items():
        yield _case(patient, rows)


def findings_of(text: str) -> dict[str, bool]:
    """Return what a ``finding`` such as "Pneumonia/Viral/COVID-19" or "COVID-19, ARDS" states."""
    labels = []
    for entry in text.split(","):
        for part in entry.split("/"):
            label = part.strip()
            if label.lower() not in _NOT_STATED:
                labels.append({**_KINDS, **_OTHERS}.get(label, "Tuberculosis" if label == "Tuberculosis" else label))
    # A film labelled with another cause of pneumonia, or with none, was not labelled COVID-19.
    covid = None if not labels or labels == ["Pneumonia"] else "COVID-19" in labels
    return stated_findings(labels, covid=covid)


def _problem(row: Row, seen: set[str], number: int) -> Refusal | None:
    path = f"{row['folder']}/{row['filename']}"
    name = row["filename"] or f"line {number}"
    if not row["filename"] or not row["patientid"] or not is_inside(path):
        return Refusal(COLLECTION, name, Reason.BROKEN_RECORD, "The row lacks a filename or patientid.")
    if row["filename"] in seen:
        return Refusal(COLLECTION, f"line {number}", Reason.BROKEN_RECORD, "Another row has the same filename.")
    if not row["filename"].lower().endswith((".png", ".jpg", ".jpeg")):
        return Refusal(COLLECTION, name, Reason.NOT_AN_IMAGE, "It is no PNG or JPEG; NIfTI volumes are not read.")
    if row["modality"] not in [modality.value for modality in Modality]:
        return Refusal(COLLECTION, name, Reason.UNSUPPORTED_MODALITY, f"modality is {row['modality']!r}.")
    return None


def _scan(row: Row, score: dict[str, float]) -> SourceScan:
    return SourceScan(
        collection=COLLECTION,
        source_id=row["filename"],
        patient_id=row["patientid"],
        files=(f"{row['folder']}/{row['filename']}",),
        modality=Modality(row["modality"]),
        view=view_of(row.get("view", "")),
        sex=sex_of(row.get("sex", "")),
        age=age_of(row.get("age", "")),
        site=row.get("location") or None,
        day=day_of(row.get("offset", "")),
        findings=findings_of(row["finding"]),
        measures=score,
    )


def _case(patient: str, rows: list[Row]) -> SourceCase:
    events: set[Event] = set()
    for row in rows:
        survived = stated_yes_no(row.get("survival", ""))
        events |= set(ever(EventKind.DEATH, None if survived is None else not survived))
        for kind, columns in (
            (EventKind.ICU_ADMISSION, ("went_icu", "in_icu")),
            (EventKind.INTUBATION, ("intubated", "intubation_present")),
            (EventKind.OXYGEN, ("needed_supplemental_O2",)),
            (EventKind.EXTUBATION, ("extubated",)),
        ):
            events |= set(ever(kind, *(stated_yes_no(row.get(column, "")) for column in columns)))
    happened = {event.kind for event in events if event.happened}
    return SourceCase(
        collection=COLLECTION,
        patient_id=patient,
        clock=Clock.SOURCE if any(day_of(row.get("offset", "")) is not None for row in rows) else Clock.NONE,
        events=tuple(
            sorted(
                (event for event in events if event.happened or event.kind not in happened),
                key=lambda event: event.kind,
            )
        ),
        facts={name: value for name in _FACTS if (value := only_value(rows, name))},
    )


def _scores(path: Path) -> dict[str, dict[str, float]]:
    if not path.is_file():
        return {}
    scores = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            values = {
                "extent": number_of(row.get("geographic_mean") or ""),
                "opacity": number_of(row.get("opacity_mean") or ""),
            }
            scores[row.get("filename") or ""] = {name: value for name, value in values.items() if value is not None}
    return scores
