"""Any tree of DICOM files, with an optional ``cases.csv`` of what is known of the patients (see docs/importers.md)."""

import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from scankin.index_build.case_events import ever
from scankin.index_build.csv_rows import NOT_WHOLE, Line, Row, age_of, rows_of, sex_of, stated_yes_no
from scankin.index_build.findings import COVID, NO_FINDING, PNEUMONIA, stated_findings
from scankin.index_build.importers.base import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.source_files import relative_name, unwritable_name
from scankin.retrieval.case import Clock, Event, EventKind
from scankin.retrieval.clinical import FACTS
from scankin.retrieval.clinical.own_json import facts_of_assignments
from scankin.retrieval.errors import CasebookError, InvalidRequest, Reason
from scankin.retrieval.reading import FoundScan, ReadingPool, find_scans
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
_FINDINGS = {"covid_19": COVID, "pneumonia": PNEUMONIA, "no_finding": NO_FINDING}
_YES_NO = (*_EVENTS, *_FINDINGS)
_DATES = ("admission_date", *(f"{name}_date" for name in _EVENTS), "last_seen_alive")
_KNOWN = frozenset({"patient_id", "sex", "age", "site", *_YES_NO, *_DATES})


def recognises(source: OpenedSource) -> bool:
    """Return whether the folder holds a DICOM file by its ending."""
    return source.is_folder and next(source.folder.rglob("*.dcm"), None) is not None


def read(source: OpenedSource) -> Iterator[SourceScan | SourceCase | Refusal]:
    """Yield every patient of ``cases.csv`` as a case, then every DICOM file or CT series as a scan or refusal.

    Headers are read in worker processes. A patient is a PatientID; a file without one is a patient of its own. A row of
    ``cases.csv`` that cannot be read as documented is refused as a whole: its patient is then one of whom nothing is
    known.
    """
    root = source.folder
    if not root.is_dir():
        raise CasebookError("This is no folder. Name the folder that holds the DICOM files.")
    rows: dict[str, Row] = {}
    for line in _lines(root):
        problem = _problem(line, rows)
        if problem:
            yield Refusal(COLLECTION, f"{CASES} line {line.number}", Reason.BROKEN_RECORD, problem)
        else:
            rows[line.row["patient_id"]] = line.row
            yield _case(line.row["patient_id"], line.row)
    cased = set(rows)
    is_empty = True
    with ReadingPool(os.cpu_count() or 1) as pool:
        for found in find_scans([root], pool):
            is_empty = False
            item = _item(found, root, rows)
            if isinstance(item, SourceScan) and item.patient_id not in cased:
                cased.add(item.patient_id)
                yield _case(item.patient_id, {})
            yield item
    if is_empty:
        raise CasebookError("This is no folder of DICOM files: it holds none. Name the folder that does.")


def _item(found: FoundScan, root: Path, rows: Mapping[str, Row]) -> SourceScan | Refusal:
    files = tuple(relative_name(path, root) for path in found.paths)
    if refusal := unwritable_name(COLLECTION, files):
        return refusal
    if found.error is not None:
        return Refusal(COLLECTION, files[0], found.error.reason, found.error.message)
    if found.header is None:
        return Refusal(COLLECTION, files[0], Reason.NOT_DICOM, "It is a picture, not a DICOM file.")
    patient_id = found.header.patient_id or f"no PatientID: {files[0]}"
    row = rows.get(patient_id, {})
    return SourceScan(
        collection=COLLECTION,
        source_id=files[0],
        patient_id=patient_id,
        files=files,
        modality=Modality.CT if found.header.modality == "CT" else None,
        sex=sex_of(row.get("sex", "")),
        age=age_of(row.get("age", "")),
        site=row.get("site") or None,
        findings=_findings(row),
        facts=_measured(row),
    )


def _lines(root: Path) -> Iterator[Line]:
    if (root / CASES).is_file():
        yield from rows_of(root / CASES, ("patient_id",), COLLECTION)


def _problem(line: Line, earlier: Mapping[str, Row]) -> str | None:
    """Return why a row cannot be taken: what a user wrote is never dropped in silence."""
    row = line.row
    if not line.is_whole:
        return NOT_WHOLE
    if not row["patient_id"]:
        return "The row has no patient_id."
    if row["patient_id"] in earlier:
        return "Another row has the same patient_id."
    return _unreadable(row) or _contradiction(row)


def _unreadable(row: Row) -> str | None:
    for column in _YES_NO:
        if row.get(column) and stated_yes_no(row[column]) is None:
            return f"{column} is {row[column]!r}; Y, N or nothing is read."
    for column in _DATES:
        if row.get(column) and _day(row[column]) is None:
            return f"{column} is {row[column]!r}; dates are read as 2020-04-01."
    if row.get("sex") and sex_of(row["sex"]) is None:
        return f"sex is {row['sex']!r}; F, M or nothing is read."
    if row.get("age") and age_of(row["age"]) is None:
        return f"age is {row['age']!r}; years are read, as 63, 50+ or 1-5."
    try:
        _measured(row)
    except InvalidRequest as error:
        return str(error)
    return None


def _contradiction(row: Row) -> str | None:
    for name in _EVENTS:
        if stated_yes_no(row.get(name, "")) is False and row.get(f"{name}_date"):
            return f"{name} is N, yet {name}_date is stated."
    if stated_yes_no(row.get("no_finding", "")) and stated_yes_no(row.get("pneumonia", "")):
        return "no_finding and pneumonia are both Y."
    return None


def _findings(row: Mapping[str, str]) -> dict[str, bool]:
    stated = {label: stated_yes_no(row.get(column, "")) for column, label in _FINDINGS.items()}
    # COVID-19 is a pneumonia unless the row itself says otherwise: a positive swab and clear lungs go together.
    is_label = stated[COVID] and stated[PNEUMONIA] is not False and not stated[NO_FINDING]
    labels = [label for label, answer in stated.items() if answer and (label != COVID or is_label)]
    found = stated_findings(labels, covid=stated[COVID])
    return {**found, **{label: answer for label, answer in stated.items() if answer is not None}}


def _measured(row: Mapping[str, str]) -> dict[str, float]:
    """Return the clinical facts of a row: of columns named as in ``scankin.retrieval.clinical``.

    Raises:
        InvalidRequest: A fact cannot be so.
    """
    stated = [f"{name}={row[name]}" for name in FACTS if name not in _KNOWN and row.get(name)]
    return {one.name: one.value for one in facts_of_assignments(stated).facts}


def _case(patient_id: str, row: Mapping[str, str]) -> SourceCase:
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
        patient_id=patient_id,
        clock=Clock.CALENDAR,
        events=tuple(events),
        last_seen_alive=_day(row.get("last_seen_alive", "")),
        facts={name: value for name, value in row.items() if name and value and name not in _KNOWN},
    )


def _day(text: str) -> int | None:
    try:
        return (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        return None
