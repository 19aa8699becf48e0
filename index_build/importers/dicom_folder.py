"""Any tree of DICOM files, with an optional ``cases.csv`` of what is known of the patients (see docs/importers.md)."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from scankin.index_build.csv_rows import Row, age_of, ever, rows_of, sex_of, stated_yes_no
from scankin.index_build.findings import stated_findings
from scankin.index_build.importers.base import Refusal, SourceCase, SourceScan
from scankin.retrieval.case import Clock, Event, EventKind
from scankin.retrieval.errors import CasebookError, Reason
from scankin.retrieval.reading import ReadingPool, find_scans
from scankin.retrieval.scan import Modality

COLLECTION = "dicom-folder"
CASES = "cases.csv"
_EPOCH = date(1970, 1, 1)
_EVENTS = {
    "death": EventKind.DEATH,
    "icu": EventKind.ICU_ADMISSION,
    "intubated": EventKind.INTUBATION,
    "oxygen": EventKind.OXYGEN,
}
_FINDINGS = {"covid_19": "COVID-19", "pneumonia": "Pneumonia", "no_finding": "No Finding"}
_KNOWN = {
    "patient_id",
    "sex",
    "age",
    "site",
    "admission_date",
    "last_seen_alive",
    *_FINDINGS,
    *_EVENTS,
    *(f"{name}_date" for name in _EVENTS),
}


def recognises(root: Path) -> bool:
    """Return whether the folder holds a DICOM file by its ending."""
    return next(root.rglob("*.dcm"), None) is not None


def read(root: Path) -> Iterator[SourceScan | SourceCase | Refusal]:
    """Yield every DICOM file or CT series under ``root`` as a scan or refusal, and every patient's case.

    Headers are read in worker processes. A patient is a PatientID; a file without one is a patient of its own.
    """
    if not root.is_dir():
        raise CasebookError("This is no folder. Name the folder that holds the DICOM files.")
    rows = {row["patient_id"]: row for row in _rows(root)}
    cased: set[str] = set()
    with ReadingPool(os.cpu_count() or 1) as pool:
        for found in find_scans([root], pool):
            name = found.paths[0].relative_to(root).as_posix()
            if found.error is not None or found.header is None:
                error = found.error
                yield Refusal(
                    COLLECTION,
                    name,
                    error.reason if error else Reason.NOT_DICOM,
                    error.message if error else "It is a picture, not a DICOM file.",
                )
                continue
            patient = found.header.patient_id or f"no PatientID: {name}"
            row = rows.get(patient, {})
            if patient not in cased:
                cased.add(patient)
                yield _case(patient, row)
            yield SourceScan(
                collection=COLLECTION,
                source_id=name,
                patient_id=patient,
                files=tuple(path.relative_to(root).as_posix() for path in found.paths),
                modality=Modality.CT if found.header.modality == "CT" else None,
                sex=sex_of(row.get("sex", "")),
                age=age_of(row.get("age", "")),
                site=row.get("site") or None,
                findings=_findings(row),
            )


def _rows(root: Path) -> Iterator[Row]:
    if (root / CASES).is_file():
        yield from rows_of(root / CASES, ("patient_id",), COLLECTION)


def _findings(row: Row) -> dict[str, bool]:
    stated = {label: stated_yes_no(row.get(column, "")) for column, label in _FINDINGS.items()}
    implied = stated_findings([label for label, answer in stated.items() if answer])
    return {**implied, **{label: answer for label, answer in stated.items() if answer is not None}}


def _case(patient: str, row: Row) -> SourceCase:
    events: list[Event] = []
    admitted = _day(row.get("admission_date", ""))
    if admitted is not None:
        events.append(Event(EventKind.ADMISSION, happened=True, day=admitted))
    for name, kind in _EVENTS.items():
        day = _day(row.get(f"{name}_date", ""))
        if day is not None:
            events.append(Event(kind, happened=True, day=day))
        else:
            events.extend(ever(kind, stated_yes_no(row.get(name, ""))))
    return SourceCase(
        collection=COLLECTION,
        patient_id=patient,
        clock=Clock.CALENDAR,
        events=tuple(events),
        last_seen_alive=_day(row.get("last_seen_alive", "")),
        facts={name: value for name, value in row.items() if value and name not in _KNOWN},
    )


def _day(text: str) -> int | None:
    try:
        return (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        return None
