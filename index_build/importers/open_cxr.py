"""open-cxr: nine public collections under one ``cases.csv``."""

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
from scankin.index_build.findings import NIH_VOCABULARY, stated_findings
from scankin.index_build.importers.base import Refusal, SourceCase, SourceScan
from scankin.retrieval.case import Clock, Event, EventKind
from scankin.retrieval.errors import Reason
from scankin.retrieval.scan import Modality

_COLUMNS = ("image_id", "image_path", "source", "patient_id", "split_group", "modality", "labels", "covid_status")

_VOCABULARIES = {"nih-chestxray14": NIH_VOCABULARY, "kermany-paediatric": ("Pneumonia",)}
"""What a collection states of every film: NIH its fourteen labels, Kermany pneumonia or normal."""

_HOSPITALS = {"hannover-mhh": "Hannover Medical School"}

_FACTS = ("temperature", "pO2_saturation", "leukocyte_count", "neutrophil_count", "lymphocyte_count", "RT_PCR_positive")


def recognises(root: Path) -> bool:
    """Return whether the folder looks like this collection."""
    return (root / "cases.csv").is_file() and (root / "images").is_dir()


def read(root: Path) -> Iterator[SourceScan | SourceCase | Refusal]:
    """Yield every row of ``cases.csv`` as a scan or refusal, then one case a ``split_group``."""
    patients: dict[str, list[Row]] = defaultdict(list)
    seen: set[str] = set()
    for number, row in enumerate(rows_of(root / "cases.csv", _COLUMNS, "open-cxr"), start=2):
        problem = _problem(row, seen)
        if problem:
            yield Refusal(
                row["source"] or "open-cxr", row["image_id"] or f"line {number}", Reason.BROKEN_RECORD, problem
            )
            continue
        seen.add(row["image_id"])
        patients[row["split_group"]].append(row)
        yield _scan(row)
    for patient_id, rows in patients.items():
        yield _case(patient_id, rows)


def _problem(row: Row, seen: set[str]) -> str | None:
    for column in ("image_id", "source", "split_group"):
        if not row[column]:
            return f"The row has no {column}."
    if row["image_id"] in seen:
        return "Another row has the same image_id."
    if row["modality"] not in [modality.value for modality in Modality]:
        return f"modality is {row['modality']!r}; X-ray and CT are read."
    if not is_inside(row["image_path"]):
        return "image_path is empty or leads out of the folder."
    return None


def _scan(row: Row) -> SourceScan:
    measures = {
        "brixia": number_of(row.get("brixia_score_senior", "") or row.get("brixia_score_junior", "")),
        "extent": number_of(row.get("severity_geographic_extent", "")),
        "opacity": number_of(row.get("severity_opacity", "")),
    }
    return SourceScan(
        collection=row["source"],
        source_id=row["image_id"],
        patient_id=row["split_group"],
        files=(row["image_path"],),
        modality=Modality(row["modality"]),
        view=view_of(row.get("view", "")),
        sex=sex_of(row.get("sex", "")),
        age=age_of(row.get("age", "")),
        site=_HOSPITALS.get(row["source"]) or row.get("location") or None,
        day=day_of(row.get("study_offset_day", "")),
        findings=stated_findings(
            [label.strip() for label in row["labels"].split(";")],
            covid={"positive": True, "negative": False}.get(row["covid_status"]),
            vocabulary=_VOCABULARIES.get(row["source"], ()),
        ),
        measures={name: value for name, value in measures.items() if value is not None},
    )


def _case(patient_id: str, rows: list[Row]) -> SourceCase:
    events: set[Event] = set()
    for row in rows:
        events |= set(_events(row))
    # A yes of one film outweighs a no of another: both speak of "ever".
    happened = {event.kind for event in events if event.happened}
    dated = {event.kind for event in events if event.day is not None}
    return SourceCase(
        collection=rows[0]["source"],
        patient_id=patient_id,
        other_ids=tuple(sorted({row["patient_id"] for row in rows if row["patient_id"]})),
        clock=_clock(rows),
        events=tuple(
            sorted(
                (
                    event
                    for event in events
                    if (event.happened or event.kind not in happened)
                    and (event.day is not None or event.kind not in dated)
                ),
                key=lambda event: (event.kind, event.day or 0),
            )
        ),
        facts={name: value for name in _FACTS if (value := only_value(rows, name))},
    )


def _events(row: Row) -> Iterator[Event]:
    survived = stated_yes_no(row.get("survival", ""))
    yield from ever(EventKind.DEATH, None if survived is None else not survived)
    for kind, columns in (
        (EventKind.ICU_ADMISSION, ("went_icu", "in_icu")),
        (EventKind.INTUBATION, ("intubated", "intubation_present")),
        (EventKind.OXYGEN, ("needed_supplemental_O2",)),
        (EventKind.EXTUBATION, ("extubated",)),
    ):
        yield from ever(kind, *(stated_yes_no(row.get(column, "")) for column in columns))
    yield from hannover_days(row)


def hannover_days(row: Row) -> Iterator[Event]:
    """Yield the dated events of a Hannover row, on the admission clock.

    Its offsets are days relative to the film, and the film's own day is the negative of ``admission_offset``.
    """
    admitted = day_of(row.get("admission_offset", ""))
    if admitted is None:
        return
    film_day = -admitted
    yield Event(EventKind.ADMISSION, happened=True, day=0)
    for kind, column in (
        (EventKind.ICU_ADMISSION, "icu_admission_offset"),
        (EventKind.ICU_RELEASE, "icu_release_offset"),
        (EventKind.DEATH, "death_offset"),
    ):
        offset = day_of(row.get(column, ""))
        if offset is not None:
            yield Event(kind, happened=True, day=film_day + offset)


def _clock(rows: list[Row]) -> Clock:
    if all(row.get("study_offset_day", "") == "" for row in rows):
        return Clock.NONE
    if all(row.get("admission_offset", "") != "" for row in rows):
        return Clock.ADMISSION
    return Clock.SOURCE
